using System.CommandLine;
using System.Text.RegularExpressions;

namespace Switchyard.Cli;

/// <summary>Options whose value is one of the names of an enumeration, in lower case with dashes: SharedBottom is <c>shared-bottom</c>.</summary>
internal static partial class NamedChoice
{
    /// <summary>Makes an option.</summary>
    /// <param name="name">What to type.</param>
    /// <param name="description">What it decides.</param>
    /// <param name="value">What it is unless given.</param>
    public static Option<T> Option<T>(string name, string description, T value)
        where T : struct, Enum
    {
        string[] names = Names<T>();
        return new Option<T>(name)
        {
            Description = description,
            HelpName = string.Join('|', names),
            DefaultValueFactory = _ => value,
            CustomParser = result =>
            {
                int index = Array.IndexOf(names, result.Tokens[0].Value);
                if (index < 0) result.AddError($"{name} is '{result.Tokens[0].Value}', and must be one of {string.Join(", ", names)}");
                return index < 0 ? value : Enum.GetValues<T>()[index];
            },
        };
    }

    /// <summary>The value of a name.</summary>
    /// <exception cref="ArgumentException">There is no such value.</exception>
    public static T Parse<T>(string name)
        where T : struct, Enum
    {
        int index = Array.IndexOf(Names<T>(), name);
        return index >= 0 ? Enum.GetValues<T>()[index] : throw new ArgumentException($"there is no '{name}': choose {string.Join(", ", Names<T>())}");
    }

    /// <summary>The name of a value.</summary>
    public static string NameOf<T>(T value)
        where T : struct, Enum
        => Dashed(value.ToString());

    private static string[] Names<T>()
        where T : struct, Enum
        => Array.ConvertAll(Enum.GetNames<T>(), Dashed);

    private static string Dashed(string name) => WordStart().Replace(name, "-$1").ToLowerInvariant();

    [GeneratedRegex("(?<!^)([A-Z])")]
    private static partial Regex WordStart();
}

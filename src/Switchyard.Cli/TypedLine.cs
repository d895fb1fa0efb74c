using System.CommandLine;
using System.Text.RegularExpressions;

namespace Switchyard.Cli;

/// <summary>A command line as it can be typed again.</summary>
internal static partial class TypedLine
{
    /// <summary>The program's name and the words of the line, quoted where a shell needs it.</summary>
    public static string Of(ParseResult parse)
        => "switchyard " + string.Join(' ', parse.Tokens.Select(static token => Unquoted().IsMatch(token.Value) ? token.Value : $"'{token.Value.Replace("'", @"'\''", StringComparison.Ordinal)}'"));

    /// <summary>Words that a shell takes as they are.</summary>
    [GeneratedRegex(@"^[\w./:=,@%+-]+$")]
    private static partial Regex Unquoted();
}

namespace Switchyard.Language.Translation;

/// <summary>
/// The files that <c>--data</c> names for a translation: two files with a comma between them, or a folder with
/// <c>train.X</c> and <c>train.Y</c> whose name ends in <c>X-Y</c>. There, <c>val</c>, <c>valid</c> or <c>dev</c> of both are held out.
/// </summary>
/// <param name="Source">The text to translate.</param>
/// <param name="Target">Its translation.</param>
/// <param name="HeldOut">The pair to judge by; null for the last twentieth of the other.</param>
public sealed record ParallelFiles(string Source, string Target, (string Source, string Target)? HeldOut = null)
{
    private const string Packed = ".gz";

    private static readonly string[] HeldOutNames = ["val", "valid", "dev"];

    /// <summary>The same place with absolute paths.</summary>
    public static string FullPath(string data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return Directory.Exists(data) ? Path.GetFullPath(data) : string.Join(',', data.Split(',').Select(static part => part.Length == 0 ? part : Path.GetFullPath(part)));
    }

    /// <summary>Finds the files.</summary>
    /// <exception cref="SwitchyardException">There are none, or it is not clear which is translated into which.</exception>
    public static ParallelFiles Find(string data)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (!Directory.Exists(data))
        {
            return data.Split(',') is [{ Length: > 0 } source, { Length: > 0 } target]
                ? new ParallelFiles(source, target)
                : throw new SwitchyardException($"{data} names no two texts", "give two files with a comma between them, such as train.en,train.de, or a folder");
        }
        List<string> languages = [.. Directory.GetFiles(data, "train.*").Select(Language).Distinct().Order(StringComparer.Ordinal)];
        if (languages.Count != 2)
            throw new SwitchyardException($"{data} has {languages.Count} files named train.LANGUAGE, not 2", "name the two files, with a comma between them");
        string folder = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(data)));
        (string from, string to) = (languages[0], languages[1]);
        if (folder.EndsWith($"{to}-{from}", StringComparison.Ordinal)) (from, to) = (to, from);
        else if (!folder.EndsWith($"{from}-{to}", StringComparison.Ordinal))
            throw new SwitchyardException($"{data} does not say whether {from} is translated into {to} or the other way", $"name the files, the source first: {In("train", from)},{In("train", to)}");
        string? heldOut = HeldOutNames.FirstOrDefault(name => File.Exists(In(name, from)) && File.Exists(In(name, to)));
        return new ParallelFiles(In("train", from), In("train", to), heldOut is null ? null : (In(heldOut, from), In(heldOut, to)));

        string In(string name, string language)
        {
            string path = Path.Combine(data, $"{name}.{language}");
            return File.Exists(path) ? path : path + Packed;
        }
    }

    private static string Language(string path)
    {
        string name = Path.GetFileName(path)["train.".Length..];
        return name.EndsWith(Packed, StringComparison.Ordinal) ? name[..^Packed.Length] : name;
    }
}

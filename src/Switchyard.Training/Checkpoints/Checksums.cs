using System.Security.Cryptography;
using System.Text;

namespace Switchyard.Training.Checkpoints;

/// <summary>
/// The file <c>SHA256SUMS</c>, which names every other file of its folder with the SHA-256 of its content, in the
/// form that <c>sha256sum --check</c> reads. What it names is whole and unchanged, or is refused.
/// </summary>
internal static class Checksums
{
    public const string FileName = "SHA256SUMS";

    /// <summary>The content for files of a folder.</summary>
    public static byte[] Of(string folder, IEnumerable<string> files)
        => Encoding.UTF8.GetBytes(string.Concat(files.Select(file => $"{Hash(Path.Combine(folder, file))}  {file}\n")));

    /// <summary>Checks files of a folder.</summary>
    /// <exception cref="SwitchyardException">A file is missing, cannot be read or has another content.</exception>
    public static void Verify(string folder, IReadOnlyList<string> files)
    {
        byte[] recorded = Read(Path.Combine(folder, FileName), File.ReadAllBytes);
        string[] lines = Encoding.UTF8.GetString(recorded).Split('\n');
        for (int i = 0; i < files.Count; i++)
        {
            string path = Path.Combine(folder, files[i]);
            if (i >= lines.Length || lines[i] != $"{Read(path, Hash)}  {files[i]}")
                throw new SwitchyardException($"{path}: the content is not that which {FileName} records", "the file was damaged or changed: use another checkpoint");
        }
        if (lines.Length != files.Count + 1 || lines[^1].Length > 0) throw new SwitchyardException($"{Path.Combine(folder, FileName)}: exactly {files.Count} lines were expected", "the file was damaged or changed: use another checkpoint");
    }

    private static string Hash(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static T Read<T>(string path, Func<string, T> read)
    {
        try
        {
            return read(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"{path}: {failure.Message.ReplaceLineEndings(" ")}", "the checkpoint is incomplete or may not be read: use another", failure);
        }
    }
}

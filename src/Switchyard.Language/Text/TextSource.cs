using System.Buffers.Binary;
using System.IO.Enumeration;
using System.Security.Cryptography;

namespace Switchyard.Language.Text;

/// <summary>
/// The texts that a path stands for: a file, all text files below a folder, or all that a pattern names, in ordinal
/// order of their paths. In folders and patterns, hidden files and folders, empty files and files with a NUL byte in
/// their first 8 KiB are left out; whatever else is there must be UTF-8.
/// </summary>
public sealed class TextSource
{
    private const string TakenKinds = "taken are files that are not hidden, not empty and hold no NUL byte in their first 8 KiB";

    /// <summary>Wraps texts that are already at hand.</summary>
    /// <param name="name">What messages call them together.</param>
    /// <param name="documents">At least one, none empty.</param>
    /// <exception cref="ArgumentException">There is no text.</exception>
    public TextSource(string name, IReadOnlyList<TextDocument> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        if (documents.Count == 0 || documents.Any(document => document.Utf8.IsEmpty))
            throw new ArgumentException($"{name} holds no text, or a text that is empty", nameof(documents));
        Name = name;
        Documents = documents;
    }

    /// <summary>What messages call the texts together: the path that was asked for.</summary>
    public string Name { get; }

    /// <summary>The texts.</summary>
    public IReadOnlyList<TextDocument> Documents { get; }

    /// <summary>Files below the folder or pattern that were left out because they are empty or look binary.</summary>
    public IReadOnlyList<string> Skipped { get; private init; } = [];

    /// <summary>The bytes of all texts together.</summary>
    public long Bytes => Documents.Sum(document => (long)document.Utf8.Length);

    /// <summary>The SHA-256 of all texts in order, each after its length: it differs wherever two sources do.</summary>
    public string Checksum()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(long)];
        foreach (TextDocument document in Documents)
        {
            BinaryPrimitives.WriteInt64LittleEndian(length, document.Utf8.Length);
            hash.AppendData(length);
            hash.AppendData(document.Utf8.Span);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Reads the texts.</summary>
    /// <param name="path">
    /// A file, a folder, or a pattern: <c>*</c> and <c>?</c> stand for characters within a name, <c>**</c> for any
    /// number of folders.
    /// </param>
    /// <exception cref="SwitchyardException">There is nothing at the path, no text in it, or a text is not UTF-8.</exception>
    public static TextSource Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path)) return LoadFile(path);
        if (Directory.Exists(path)) return LoadFiles(path, FilesBelow(path));
        if (path.AsSpan().ContainsAny('*', '?')) return LoadFiles(path, FilesThatMatch(path));
        throw new SwitchyardException($"{path}: no such file or folder", "name a text file, a folder or a pattern such as \"texts/**/*.txt\"");
    }

    private static TextSource LoadFile(string path)
    {
        TextDocument document = TextFile.Parse(path, TextFile.ReadBytes(path));
        return document.Utf8.IsEmpty
            ? throw new SwitchyardException($"{path} holds no text", "name a file with text in it")
            : new TextSource(path, [document]);
    }

    private static TextSource LoadFiles(string path, IEnumerable<string> files)
    {
        List<TextDocument> documents = [];
        List<string> skipped = [];
        try
        {
            foreach (string file in files.Order(StringComparer.Ordinal))
            {
                byte[] content = TextFile.ReadBytes(file);
                TextDocument? document = TextFile.LooksBinary(content) ? null : TextFile.Parse(file, content);
                if (document is { Utf8.IsEmpty: false }) documents.Add(document);
                else skipped.Add(file);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"{path} cannot be read: {failure.Message}", "check the folder and its permissions", failure);
        }
        if (documents.Count == 0)
            throw new SwitchyardException(
                skipped.Count == 0 ? $"{path}: no file there" : $"{path}: none of the {skipped.Count} files there is a text", TakenKinds);
        return new TextSource(path, documents) { Skipped = skipped };
    }

    private static FileSystemEnumerable<string> FilesBelow(string folder) =>
        new(folder, (ref FileSystemEntry entry) => entry.ToSpecifiedFullPath(), new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = false,
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.System,
        })
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,

            // A link to a folder may lead in a circle.
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };

    private static IEnumerable<string> FilesThatMatch(string pattern)
    {
        string[] parts = pattern.Split('/', Path.DirectorySeparatorChar);
        int literal = Array.FindIndex(parts, part => part.AsSpan().ContainsAny('*', '?'));
        string folder = string.Join('/', parts[..literal]);
        if (folder.Length == 0) folder = literal == 0 ? "." : "/";
        if (!Directory.Exists(folder))
            throw new SwitchyardException($"{pattern}: no such folder: {folder}", "name a pattern below a folder that exists");
        return FilesBelow(folder).Where(file => Matches(
            Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar), parts.AsSpan(literal)));
    }

    private static bool Matches(ReadOnlySpan<string> names, ReadOnlySpan<string> patterns)
    {
        if (patterns.IsEmpty) return names.IsEmpty;
        if (patterns[0] == "**") return Matches(names, patterns[1..]) || (!names.IsEmpty && Matches(names[1..], patterns));
        return !names.IsEmpty
            && FileSystemName.MatchesSimpleExpression(patterns[0], names[0], ignoreCase: false)
            && Matches(names[1..], patterns[1..]);
    }
}

namespace Switchyard.Language.Text;

/// <summary>A text with the name that messages call it by.</summary>
/// <param name="Name">The path of its file, or what else it is known as.</param>
/// <param name="Utf8">Its bytes: valid UTF-8, without byte order mark.</param>
public sealed record TextDocument(string Name, ReadOnlyMemory<byte> Utf8);

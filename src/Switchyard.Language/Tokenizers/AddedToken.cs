namespace Switchyard.Language.Tokenizers;

/// <summary>A token that is found in the text as it stands, before any splitting and merging.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="IsSpecial">Whether it is a mark (end of text, padding) rather than text; decoding can leave marks out.</param>
public sealed record AddedToken(int Id, string Content, bool IsSpecial);

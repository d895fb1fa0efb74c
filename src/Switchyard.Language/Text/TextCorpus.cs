namespace Switchyard.Language.Text;

/// <summary>
/// Texts cut into what a model learns from and what it is judged by: of each text the last tenth of its bytes is held
/// out (for one file of plain ASCII: the first 90 % of the characters train, the rest validate).
/// </summary>
public sealed class TextCorpus
{
    private TextCorpus(string name, IReadOnlyList<TextDocument> training, IReadOnlyList<TextDocument> heldOut) =>
        (Name, Training, HeldOut) = (name, training, heldOut);

    /// <summary>What messages call it.</summary>
    public string Name { get; }

    /// <summary>The first nine tenths of each text.</summary>
    public IReadOnlyList<TextDocument> Training { get; }

    /// <summary>The last tenth of each text.</summary>
    public IReadOnlyList<TextDocument> HeldOut { get; }

    /// <summary>Cuts every text at nine tenths of its bytes, rounded down to where a character begins.</summary>
    public static TextCorpus Split(TextSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        List<TextDocument> training = [], heldOut = [];
        foreach (TextDocument document in source.Documents)
        {
            int cut = CutOf(document.Utf8.Span);
            training.Add(document with { Utf8 = document.Utf8[..cut] });
            heldOut.Add(document with { Utf8 = document.Utf8[cut..] });
        }
        return new TextCorpus(source.Name, training, heldOut);
    }

    /// <summary>Where the held-out part of a text begins.</summary>
    public static int CutOf(ReadOnlySpan<byte> utf8)
    {
        int cut = (int)(utf8.Length * 9L / 10);
        while (cut > 0 && (utf8[cut] & 0xC0) == 0x80) cut--;
        return cut;
    }
}

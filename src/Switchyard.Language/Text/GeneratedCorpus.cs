using System.Text;

namespace Switchyard.Language.Text;

/// <summary>
/// A built-in text of several clearly different domains, made by random choices under a fixed grammar, so that its
/// entropy is known: no model can do better in the long run than the nats per byte stated here, and one that has
/// learnt everything reaches them.
/// <para>
/// The text is a sequence of passages, each of one of the six <see cref="Domains"/> (all alike): so many lines (one of
/// nine numbers, from the fewest of the domain on, all alike) and a blank line. The lines are described at
/// <see cref="GeneratedDomains"/>. The grammar is unambiguous: every choice can be read off the text, so the sum of -log p over all choices is exactly -log of the
/// probability of the text. That the text goes on after its last passage is no choice. All characters are ASCII.
/// </para>
/// </summary>
public sealed class GeneratedCorpus
{
    private const int LineCounts = 9;

    private readonly byte[] _utf8;
    private readonly GeneratedPassage[] _passages;

    private GeneratedCorpus(string text, GeneratedPassage[] passages) =>
        (_utf8, _passages) = (Encoding.ASCII.GetBytes(text), passages);

    /// <summary>The names of the domains.</summary>
    public static IReadOnlyList<string> Domains { get; } = [.. GeneratedDomains.All.Select(domain => domain.Name)];

    /// <summary>The text, ready for a corpus.</summary>
    public TextSource Source => new("the built-in generated text", [new TextDocument("the built-in generated text", _utf8)]);

    /// <summary>The bytes of the text.</summary>
    public ReadOnlyMemory<byte> Utf8 => _utf8;

    /// <summary>The passages in order; together they are the whole text.</summary>
    public IReadOnlyList<GeneratedPassage> Passages => _passages;

    /// <summary>The entropy of the whole text in nats per byte.</summary>
    public double NatsPerByte => _passages.Sum(passage => passage.Nats) / _utf8.Length;

    /// <summary>Makes a text: the same for the same seed and length, on every machine.</summary>
    /// <param name="seed">What decides all choices.</param>
    /// <param name="leastBytes">The text ends with the first passage that reaches so many bytes.</param>
    public static GeneratedCorpus Generate(ulong seed, int leastBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(leastBytes);
        ChoiceWriter writer = new(seed);
        List<GeneratedPassage> passages = [];
        while (writer.Length < leastBytes)
        {
            (int start, double before) = (writer.Length, writer.Nats);
            (string name, int fewestLines, Action<ChoiceWriter, int> writeLines) = writer.Choose(GeneratedDomains.All);
            writeLines(writer, fewestLines + writer.Choose(LineCounts));
            writer.Write("\n");
            passages.Add(new GeneratedPassage(name, start, writer.Length - start, writer.Nats - before));
        }
        return new GeneratedCorpus(writer.ToString(), [.. passages]);
    }

    /// <summary>The entropy in nats per byte of the passages that lie wholly within a stretch of the text.</summary>
    /// <param name="start">The first byte of the stretch.</param>
    /// <param name="end">The byte after its last.</param>
    /// <param name="domain">The domain that counts, or null for all.</param>
    /// <returns>Not a number if there is no such passage.</returns>
    public double NatsPerByteWithin(int start, int end, string? domain = null)
    {
        GeneratedPassage[] within = [.. _passages.Where(passage =>
            passage.Start >= start && passage.Start + passage.Length <= end && (domain is null || passage.Domain == domain))];
        return within.Sum(passage => passage.Nats) / within.Sum(passage => passage.Length);
    }

    /// <summary>The domain that a byte of the text belongs to.</summary>
    public string DomainAt(int position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, _utf8.Length);
        int low = 0, high = _passages.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = _passages[middle].Start <= position ? (middle, high) : (low, middle - 1);
        }
        return _passages[low].Domain;
    }
}

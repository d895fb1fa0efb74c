namespace Switchyard.Collectives.Transport;

/// <summary>One rank's part in a collective call: what must be the same everywhere, and where in the program it stands.</summary>
/// <param name="What">The operation.</param>
/// <param name="Element">Name of the element type; empty where nothing is moved.</param>
/// <param name="Count">How many elements, where every rank must give as many; otherwise 0.</param>
/// <param name="Choice">Root, reduction or algorithm.</param>
/// <param name="Site">Where in the program.</param>
internal readonly record struct Call(string What, string Element, nint Count, string Choice, SourceLine Site)
{
    /// <summary>Bytes of payload that this rank sends; every rank learns the sum.</summary>
    public long Volume { get; init; }

    /// <summary>What this rank claims of others less what it owes them, scrambled: over all ranks it must add up to zero.</summary>
    public ulong Balance { get; init; }

    /// <summary>A number that is the same for calls that fit together, in every process.</summary>
    public ulong Digest
    {
        get
        {
            ulong hash = Scramble(Scramble(14695981039346656037, What), Element);
            return Scramble(Scramble(hash ^ (ulong)Count, Choice), "");
        }
    }

    /// <summary>What it does, which must be the same everywhere: "AllReduce(Sum) of 12 Single".</summary>
    public string Operation => $"{What}{(Choice.Length == 0 ? "" : $"({Choice})")}{Amount}";

    /// <summary>How much is moved: " of 12 Single"; empty where nothing is.</summary>
    public string Amount => Element.Length == 0 ? "" : Count == 0 ? $" of {Element}" : $" of {Count} {Element}";

    /// <summary>As it stands in messages: "AllReduce(Sum) of 12 Single at Trainer.cs:34 (Step)".</summary>
    public override string ToString() => Site.Line == 0 ? Operation : $"{Operation} at {Site}";

    // FNV-1a; an end mark keeps "ab" + "c" apart from "a" + "bc".
    private static ulong Scramble(ulong hash, string text)
    {
        foreach (char letter in text) hash = (hash ^ letter) * 1099511628211;
        return (hash ^ 0xFFFF) * 1099511628211;
    }
}

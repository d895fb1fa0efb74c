using Switchyard.Collectives;
using Switchyard.Tensors;

namespace Switchyard.Language.Text;

/// <summary>Which of the sequences that ranks go through together are one rank's: neighbours, as evenly as it goes.</summary>
/// <param name="First">The first.</param>
/// <param name="Count">How many; more ranks than sequences leave some with none.</param>
/// <param name="All">How many there are.</param>
internal readonly record struct BatchShare(int First, int Count, int All)
{
    /// <summary>The share of a rank.</summary>
    /// <param name="sequences">How many sequences there are.</param>
    /// <param name="ranks">The ranks, as one of them sees them; null for one that has everything.</param>
    public static BatchShare Of(int sequences, ProcessGroup? ranks)
    {
        if (ranks is null) return new(0, sequences, sequences);
        int first = (int)((long)sequences * ranks.Rank / ranks.Size);
        return new(first, (int)((long)sequences * (ranks.Rank + 1) / ranks.Size) - first, sequences);
    }

    /// <summary>The random numbers of the share, in training.</summary>
    public Philox Part(Philox random) => Count == All ? random : random.Part(First, Count, All);
}

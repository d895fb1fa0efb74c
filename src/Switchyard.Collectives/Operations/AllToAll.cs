using System.Runtime.CompilerServices;
using Switchyard.Collectives.AllToAll;
using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives;

public abstract partial class ProcessGroup
{
    /// <summary>Gives every rank one block of each: block d of rank s becomes block s of rank d.</summary>
    /// <param name="send">This rank's blocks in the order of the ranks they go to [ranks, n], of the same length everywhere.</param>
    /// <param name="receive">Where the blocks come, in the order of the ranks they come from [ranks, n].</param>
    /// <exception cref="ArgumentException">The lengths differ, or are no multiple of the number of ranks.</exception>
    /// <inheritdoc cref="Barrier"/>
    public unsafe void AllToAll<T>(
        ReadOnlyLongSpan<T> send, LongSpan<T> receive, [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        CheckLength(nameof(send), send.Length, send.Length / Size, Size);
        CheckLength(nameof(receive), receive.Length, send.Length / Size, Size);
        nint bytes = send.Length * sizeof(T);
        EnsureCalibrated();
        using Use use = Enter(new Call(nameof(AllToAll), typeof(T).Name, send.Length, ChoiceOfAlgorithm, new(member, file, line)) { Volume = bytes });
        fixed (T* from = send, to = receive)
        {
            nint[] counts = new nint[Size];
            Array.Fill(counts, bytes / Size);
            Choose(use.Volume).Exchange(this, new Blocks(new Region(from, bytes), counts, new Region(to, bytes), counts, Equal: true));
        }
    }

    /// <summary>Gives every rank a block of each, of any length: block d of rank s becomes block s of rank d.</summary>
    /// <param name="send">This rank's blocks, one after the other in the order of the ranks they go to.</param>
    /// <param name="sendCounts">Elements for each rank [ranks]; 0 is allowed everywhere.</param>
    /// <param name="receive">Where the blocks come, one after the other in the order of the ranks they come from.</param>
    /// <param name="receiveCounts">Elements from each rank [ranks]; an <see cref="AllToAll{T}"/> of the counts tells them.</param>
    /// <exception cref="ArgumentException">There is not one count per rank, one is negative, or they do not add up to a length.</exception>
    /// <inheritdoc cref="Barrier"/>
    public unsafe void AllToAllV<T>(
        ReadOnlyLongSpan<T> send, ReadOnlySpan<nint> sendCounts, LongSpan<T> receive, ReadOnlySpan<nint> receiveCounts,
        [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        nint[] sends = InBytes(nameof(sendCounts), sendCounts, send.Length, sizeof(T)), receives = InBytes(nameof(receiveCounts), receiveCounts, receive.Length, sizeof(T));
        nint bytes = send.Length * sizeof(T);
        ulong balance = 0;
        for (int peer = 0; peer < Size; peer++) balance += CountClaims.Of(Rank, peer, sends[peer]) - CountClaims.Of(peer, Rank, receives[peer]);
        EnsureCalibrated();
        using Use use = Enter(new Call(nameof(AllToAllV), typeof(T).Name, 0, ChoiceOfAlgorithm, new(member, file, line)) { Volume = bytes, Balance = balance }, sends, receives);
        fixed (T* from = send, to = receive)
            Choose(use.Volume).Exchange(this, new Blocks(new Region(from, bytes), sends, new Region(to, receive.Length * sizeof(T)), receives, Equal: false));
    }

    /// <summary>Counts as numbers of bytes, checked.</summary>
    internal nint[] InBytes(string name, ReadOnlySpan<nint> counts, nint length, int size)
    {
        if (counts.Length != Size) throw new ArgumentException($"{counts.Length} counts given for {Size} ranks: give one per rank", name);
        nint[] bytes = new nint[Size];
        nint sum = 0;
        for (int rank = 0; rank < Size; rank++)
        {
            if (counts[rank] < 0) throw new ArgumentException($"the count for rank {rank} is {counts[rank]}", name);
            sum += counts[rank];
            bytes[rank] = checked(counts[rank] * size);
        }

        return sum == length ? bytes : throw new ArgumentException($"the counts add up to {sum}, but there are {length} elements", name);
    }
}

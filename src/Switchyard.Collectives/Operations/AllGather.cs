using System.Runtime.CompilerServices;
using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives;

public abstract partial class ProcessGroup
{
    /// <summary>Gives every rank the elements of all, in the order of the ranks.</summary>
    /// <param name="send">This rank's elements [n], of the same length everywhere.</param>
    /// <param name="receive">Where those of all come [ranks, n].</param>
    /// <exception cref="ArgumentException"><paramref name="receive"/> has another length.</exception>
    /// <inheritdoc cref="Barrier"/>
    public unsafe void AllGather<T>(
        ReadOnlyLongSpan<T> send, LongSpan<T> receive, [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        CheckLength(nameof(receive), receive.Length, send.Length, Size);
        using Use use = Enter(new Call(nameof(AllGather), typeof(T).Name, send.Length, "", new(member, file, line)));
        nint bytes = send.Length * sizeof(T);
        fixed (T* from = send, to = receive) AllGatherBytes(new Region(from, bytes), new Region(to, bytes * Size));
    }

    private void AllGatherBytes(Region send, Region receive)
    {
        if (Size >= ManyRanks && send.Bytes <= SmallReduction)
        {
            GatherByDoubling(send, receive);
            return;
        }

        Span<Transfer> sends = stackalloc Transfer[Size], receives = stackalloc Transfer[Size];
        for (int i = 0; i < Size; i++)
        {
            (int to, int from) = ((Rank + i) % Size, (Rank - i + Size) % Size);
            sends[i] = new Transfer(to, send);
            receives[i] = new Transfer(from, receive.Slice(from * send.Bytes, send.Bytes));
        }

        Exchange(Channel.Payload, sends, receives);
    }

    // In every step a rank passes on what it has, to a rank twice as far: ⌈log₂ ranks⌉ messages instead of ranks - 1
    // (Bruck et al. 1997, "Efficient algorithms for all-to-all communications in multiport message-passing systems", §4).
    private void GatherByDoubling(Region send, Region receive)
    {
        nint each = send.Bytes, head = each * (Size - Rank);
        Region blocks = _small.Take(receive.Bytes); // block i is that of the i-th rank after this one
        send.CopyTo(blocks.Slice(0, each));
        for (int have = 1; have < Size; have *= 2)
        {
            nint passed = each * Math.Min(have, Size - have);
            Exchange(
                Channel.Payload,
                [new Transfer((Rank - have + Size) % Size, blocks.Slice(0, passed))],
                [new Transfer((Rank + have) % Size, blocks.Slice(each * have, passed))]);
        }

        blocks.Slice(0, head).CopyTo(receive.Slice(receive.Bytes - head, head));
        blocks.Slice(head, receive.Bytes - head).CopyTo(receive.Slice(0, receive.Bytes - head));
    }

    private static void CheckLength(string name, nint length, nint part, int parts)
    {
        if (length != part * parts) throw new ArgumentException($"{name} has {length} elements, but {parts} ranks with {part} each make {part * parts}", name);
    }
}

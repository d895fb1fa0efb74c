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
        Span<Transfer> sends = stackalloc Transfer[Size], receives = stackalloc Transfer[Size];
        for (int i = 0; i < Size; i++)
        {
            (int to, int from) = ((Rank + i) % Size, (Rank - i + Size) % Size);
            sends[i] = new Transfer(to, send);
            receives[i] = new Transfer(from, receive.Slice(from * send.Bytes, send.Bytes));
        }

        Exchange(Channel.Payload, sends, receives);
    }

    private static void CheckLength(string name, nint length, nint part, int parts)
    {
        if (length != part * parts) throw new ArgumentException($"{name} has {length} elements, but {parts} ranks with {part} each make {part * parts}", name);
    }
}

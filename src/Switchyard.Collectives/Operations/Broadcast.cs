using System.Runtime.CompilerServices;
using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives;

public abstract partial class ProcessGroup
{
    /// <summary>Gives every rank the elements of one.</summary>
    /// <param name="data">The elements of the root; on other ranks where they come, of the same length.</param>
    /// <param name="root">Whose elements.</param>
    /// <inheritdoc cref="Barrier"/>
    public unsafe void Broadcast<T>(
        LongSpan<T> data, int root, [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        CheckRank(root);
        using Use use = Enter(new Call(nameof(Broadcast), typeof(T).Name, data.Length, $"from rank {root}", new(member, file, line)));
        fixed (T* pointer = data) BroadcastBytes(new Region(pointer, data.Length * sizeof(T)), root);
    }

    // A binomial tree: in step s the 2ˢ ranks that have the data, counted from the root, each give it to one more.
    private void BroadcastBytes(Region data, int root)
    {
        int place = (Rank - root + Size) % Size;
        for (int distance = 1; distance < Size; distance *= 2)
        {
            if (place < distance && place + distance < Size) Exchange(Channel.Payload, [new Transfer((Rank + distance) % Size, data)], []);
            else if (place >= distance && place < 2 * distance) Exchange(Channel.Payload, [], [new Transfer((Rank - distance + Size) % Size, data)]);
        }
    }

    private void CheckRank(int rank)
    {
        if (rank < 0 || rank >= Size) throw new ArgumentOutOfRangeException(nameof(rank), $"there is no rank {rank}: the group has ranks 0 to {Size - 1}");
    }
}

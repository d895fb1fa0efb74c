using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives;

public abstract partial class ProcessGroup
{
    /// <summary>Gives every rank the reduction of the elements of all, element by element.</summary>
    /// <param name="data">This rank's elements, of the same length everywhere; then those reduced over all ranks.</param>
    /// <param name="reduction">How.</param>
    /// <inheritdoc cref="Barrier"/>
    public unsafe void AllReduce<T>(
        LongSpan<T> data, Reduction reduction = Reduction.Sum,
        [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where T : unmanaged, INumber<T>
    {
        using Use use = Enter(new Call(nameof(AllReduce), typeof(T).Name, data.Length, reduction.ToString(), new(member, file, line)));
        if (Size == 1) return;
        fixed (T* pointer = data)
        {
            Region all = new(pointer, data.Length * sizeof(T));
            nint pass = all.Bytes <= SmallReduction ? all.Bytes : ReductionPass;
            for (nint start = 0; start < all.Bytes; start += pass)
            {
                Region part = all.Slice(start, Math.Min(pass, all.Bytes - start));
                if (part.Bytes <= SmallReduction) ReduceWhole<T>(part, reduction);
                else ReduceInParts<T>(part, reduction);
            }
        }
    }

    /// <summary>Gives every rank its part of the reduction of the elements of all.</summary>
    /// <param name="send">This rank's elements [ranks, n], of the same length everywhere.</param>
    /// <param name="receive">Where this rank's part of the reduced elements comes [n].</param>
    /// <param name="reduction">How.</param>
    /// <exception cref="ArgumentException"><paramref name="send"/> has another length.</exception>
    /// <inheritdoc cref="Barrier"/>
    public unsafe void ReduceScatter<T>(
        ReadOnlyLongSpan<T> send, LongSpan<T> receive, Reduction reduction = Reduction.Sum,
        [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where T : unmanaged, INumber<T>
    {
        CheckLength(nameof(send), send.Length, receive.Length, Size);
        using Use use = Enter(new Call(nameof(ReduceScatter), typeof(T).Name, receive.Length, reduction.ToString(), new(member, file, line)));
        nint bytes = receive.Length * sizeof(T), pass = Math.Max(ReductionPass / Size / sizeof(T), 1) * sizeof(T);
        Span<Transfer> sends = stackalloc Transfer[Size], receives = stackalloc Transfer[Size];
        fixed (T* from = send, to = receive)
        {
            Region source = new(from, bytes * Size), target = new(to, bytes);
            for (nint start = 0; start < bytes; start += pass)
            {
                nint length = Math.Min(pass, bytes - start);
                Region others = Scratch.Take(length * Size); // [ranks, length]
                for (int i = 0; i < Size; i++)
                {
                    (int peer, int origin) = ((Rank + i) % Size, (Rank - i + Size) % Size);
                    sends[i] = new Transfer(peer, source.Slice(peer * bytes + start, length));
                    receives[i] = new Transfer(origin, others.Slice(origin * length, length));
                }

                Exchange(Channel.Payload, sends, receives);
                Reduce<T>(others, target.Slice(start, length), reduction);
            }
        }
    }

    // Everybody sends everything and reduces it all: fewest steps.
    private unsafe void ReduceWhole<T>(Region data, Reduction reduction)
        where T : unmanaged, INumber<T>
    {
        Region all = Scratch.Take(data.Bytes * Size); // [ranks, n]
        AllGatherBytes(data, all);
        Reduce<T>(all, data, reduction);
    }

    // Everybody reduces one part and then sends it to all: fewest bytes.
    private unsafe void ReduceInParts<T>(Region data, Reduction reduction)
        where T : unmanaged, INumber<T>
    {
        nint elements = data.Bytes / sizeof(T);
        Region mine = Part(Rank);
        Region others = Scratch.Take(mine.Bytes * Size); // [ranks, mine]
        Span<Transfer> sends = stackalloc Transfer[Size], receives = stackalloc Transfer[Size];
        for (int i = 0; i < Size; i++)
        {
            (int peer, int origin) = ((Rank + i) % Size, (Rank - i + Size) % Size);
            sends[i] = new Transfer(peer, Part(peer));
            receives[i] = new Transfer(origin, others.Slice(origin * mine.Bytes, mine.Bytes));
        }

        Exchange(Channel.Payload, sends, receives);
        Reduce<T>(others, mine, reduction);
        for (int i = 0; i < Size; i++)
        {
            sends[i] = new Transfer(sends[i].Peer, mine);
            receives[i] = new Transfer(receives[i].Peer, Part(receives[i].Peer));
        }

        Exchange(Channel.Payload, sends, receives);

        Region Part(int rank)
        {
            nint start = elements * rank / Size;
            return data.Slice(start * sizeof(T), (elements * (rank + 1) / Size - start) * sizeof(T));
        }
    }

    // values is [ranks, n], result is [n].
    private unsafe void Reduce<T>(Region values, Region result, Reduction reduction)
        where T : unmanaged, INumber<T>
    {
        int length = checked((int)(result.Bytes / sizeof(T)));
        Span<T> total = result.AsSpan<T>(0, length);
        values.AsSpan<T>(0, length).CopyTo(total);
        for (int rank = 1; rank < Size; rank++)
        {
            ReadOnlySpan<T> next = values.AsSpan<T>((nint)rank * length, length);
            switch (reduction)
            {
                case Reduction.Sum: TensorPrimitives.Add(total, next, total); break;
                case Reduction.Max: TensorPrimitives.Max(total, next, total); break;
                case Reduction.Min: TensorPrimitives.Min(total, next, total); break;
                default: throw new ArgumentOutOfRangeException(nameof(reduction), $"there is no reduction {reduction}");
            }
        }
    }
}

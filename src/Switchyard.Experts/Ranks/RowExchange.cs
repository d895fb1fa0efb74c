using System.Runtime.InteropServices;
using Switchyard.Collectives;
using Switchyard.Tensors;
using Switchyard.Tensors.Autograd;

namespace Switchyard.Experts.Ranks;

/// <summary>Rows that change ranks, differentiably: the gradient of an exchange is the exchange with the counts transposed.</summary>
internal static class RowExchange
{
    /// <summary>Sends rows to the ranks they are meant for.</summary>
    /// <param name="rows">[sent, width], grouped by the rank they go to.</param>
    /// <param name="ranks">The ranks, all of which take part, in the forward and in the backward pass.</param>
    /// <param name="sent">Rows for each rank; 0 is allowed.</param>
    /// <param name="received">Rows from each rank.</param>
    /// <returns>[received, width], grouped by the rank they come from.</returns>
    public static Tensor Exchange(this Tensor rows, ProcessGroup ranks, nint[] sent, nint[] received)
    {
        nint width = rows.Shape[1];
        Tensor arrived = Tensor.Empty([(int)Sum(received), (int)width], rows.Type);
        nint[] from = Array.ConvertAll(sent, count => count * width), to = Array.ConvertAll(received, count => count * width);
        switch (rows.Type)
        {
            case ElementType.Float32: Move<float>(rows, arrived, ranks, from, to); break;
            case ElementType.Float64: Move<double>(rows, arrived, ranks, from, to); break;
            case ElementType.Int32: Move<int>(rows, arrived, ranks, from, to); break;
            default: throw new ArgumentException($"rows of {rows.Type} are not exchanged: convert them to Float32 or Float64");
        }
        return arrived.WithGradient(rows, (dy, flow) => flow.Add(rows, dy.Exchange(ranks, received, sent)), Saved.Nothing);
    }

    private static void Move<T>(Tensor rows, Tensor arrived, ProcessGroup ranks, nint[] from, nint[] to)
        where T : unmanaged
    {
        ranks.AllToAllV(
            new ReadOnlyLongSpan<T>(ref MemoryMarshal.GetReference(MemoryMarshal.Cast<byte, T>(rows.AsReadOnlyBytes(0, 0))), (nint)rows.Elements), from,
            new LongSpan<T>(ref MemoryMarshal.GetReference(MemoryMarshal.Cast<byte, T>(arrived.AsBytes(0, 0))), (nint)arrived.Elements), to);
        GC.KeepAlive(rows);
        GC.KeepAlive(arrived);
    }

    private static nint Sum(nint[] counts)
    {
        nint sum = 0;
        foreach (nint count in counts) sum += count;
        return sum;
    }
}

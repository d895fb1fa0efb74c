using System.Numerics;
using System.Runtime.InteropServices;
using Switchyard.Collectives;
using Switchyard.Tensors;

namespace Switchyard.Experts.Ranks;

/// <summary>A way for rows to change ranks. Every rank takes part, also one that sends or gets no row.</summary>
internal abstract class RowMove
{
    /// <summary>How many rows come to this rank.</summary>
    public abstract int Arriving { get; }

    /// <summary>The way of the gradients: over all ranks ⟨move x, y⟩ = ⟨x, adjoint y⟩.</summary>
    public abstract RowMove Adjoint { get; }

    /// <summary>Room for what comes of rows, of undefined content.</summary>
    public Tensor Room(Tensor rows) => Tensor.Empty(rows.Shape.With(0, Arriving), rows.Type);

    /// <summary>Moves rows.</summary>
    /// <param name="rows">[departing, width], or [departing]</param>
    /// <param name="arrived">[arriving, width], or [arriving]</param>
    public void Carry(Tensor rows, Tensor arrived)
    {
        switch (rows.Type)
        {
            case ElementType.Float32: Carry<float>(rows, arrived); break;
            case ElementType.Float64: Carry<double>(rows, arrived); break;
            case ElementType.Int32: Carry<int>(rows, arrived); break;
            default: throw new ArgumentException($"rows of {rows.Type} are not exchanged: convert them to Float32 or Float64");
        }
        GC.KeepAlive(rows);
        GC.KeepAlive(arrived);
    }

    /// <summary>Moves rows of so many elements each.</summary>
    protected abstract void Carry<T>(ReadOnlyLongSpan<T> rows, LongSpan<T> arrived, int width)
        where T : unmanaged, INumber<T>;

    private void Carry<T>(Tensor rows, Tensor arrived)
        where T : unmanaged, INumber<T>
        => Carry(
            new ReadOnlyLongSpan<T>(ref MemoryMarshal.GetReference(MemoryMarshal.Cast<byte, T>(rows.AsReadOnlyBytes(0, 0))), (nint)rows.Elements),
            new LongSpan<T>(ref MemoryMarshal.GetReference(MemoryMarshal.Cast<byte, T>(arrived.AsBytes(0, 0))), (nint)arrived.Elements),
            rows.Rank == 1 ? 1 : rows.Shape[1]);
}

/// <summary>Rows grouped by the rank that they go to, which come grouped by the rank they are from.</summary>
/// <param name="ranks">The ranks.</param>
/// <param name="sent">Rows for each rank; 0 is allowed.</param>
/// <param name="received">Rows from each rank.</param>
internal sealed class BlockMove(ProcessGroup ranks, nint[] sent, nint[] received) : RowMove
{
    public override int Arriving { get; } = (int)received.Aggregate((nint)0, static (sum, count) => checked(sum + count));

    public override RowMove Adjoint => new BlockMove(ranks, received, sent);

    protected override void Carry<T>(ReadOnlyLongSpan<T> rows, LongSpan<T> arrived, int width)
        => ranks.AllToAllV(rows, Array.ConvertAll(sent, count => count * width), arrived, Array.ConvertAll(received, count => count * width));
}

/// <summary>Tokens to all ranks that want them, a row for each pair.</summary>
internal sealed class TokenDispatch(TokenExchange exchange) : RowMove
{
    public override int Arriving => checked((int)exchange.Received);

    public override RowMove Adjoint => new TokenCombine(exchange);

    protected override void Carry<T>(ReadOnlyLongSpan<T> rows, LongSpan<T> arrived, int width) => exchange.Dispatch(rows, arrived, width);
}

/// <summary>The rows of pairs back to their tokens, added up.</summary>
internal sealed class TokenCombine(TokenExchange exchange) : RowMove
{
    public override int Arriving => exchange.Tokens;

    public override RowMove Adjoint => new TokenDispatch(exchange);

    protected override void Carry<T>(ReadOnlyLongSpan<T> rows, LongSpan<T> arrived, int width) => exchange.Combine(rows, arrived, width);
}

/// <summary>A number of each pair, such as its weight, to where its token goes.</summary>
internal sealed class PairSend(TokenExchange exchange) : RowMove
{
    public override int Arriving => checked((int)exchange.Received);

    public override RowMove Adjoint => new PairReturn(exchange);

    protected override void Carry<T>(ReadOnlyLongSpan<T> rows, LongSpan<T> arrived, int width) => exchange.SendPairs(rows, arrived, width);
}

/// <summary>A number of each pair back to where its token came from.</summary>
internal sealed class PairReturn(TokenExchange exchange) : RowMove
{
    public override int Arriving => exchange.Pairs;

    public override RowMove Adjoint => new PairSend(exchange);

    protected override void Carry<T>(ReadOnlyLongSpan<T> rows, LongSpan<T> arrived, int width) => exchange.ReturnPairs(rows, arrived, width);
}

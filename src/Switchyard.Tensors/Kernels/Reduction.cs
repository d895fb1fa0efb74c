using System.Numerics;
using System.Numerics.Tensors;

namespace Switchyard.Tensors.Kernels;

/// <summary>How many numbers become one, in steps that may be taken apart anywhere.</summary>
internal interface IReduction
{
    /// <summary>The result of no numbers.</summary>
    static abstract T Identity<T>()
        where T : unmanaged, IFloatingPointIeee754<T>;

    /// <summary>Reduces a row of at least one number.</summary>
    static abstract T Row<T>(ReadOnlySpan<T> row)
        where T : unmanaged, IFloatingPointIeee754<T>;

    /// <summary>Reduces two numbers.</summary>
    static abstract T Pair<T>(T a, T b)
        where T : unmanaged, IFloatingPointIeee754<T>;

    /// <summary>Reduces each number of <paramref name="into"/> with its partner.</summary>
    static abstract void Rows<T>(Span<T> into, ReadOnlySpan<T> row)
        where T : unmanaged, IFloatingPointIeee754<T>;
}

/// <summary>
/// Reduces the middle axis of [outer, reduced, inner]. Long axes are cut into blocks of a fixed size whose
/// results are reduced in turn, so that the order of the arithmetic is the same for any number of threads.
/// </summary>
internal static unsafe class Reduction
{
    private const int PartElements = 1 << 14;
    private const int StripColumns = 1 << 10;

    // Below this many columns, calls on spans cost more than they save.
    private const int NarrowColumns = 8;

    public static void Run<TReduction>(Tensor x, Tensor y, long outer, long reduced, long inner)
        where TReduction : struct, IReduction
    {
        y.MarkChanged();
        if (outer * inner == 0) return;
        Operands operands = new()
        {
            X = (void*)x.Address,
            Y = (void*)y.Address,
            Outer = outer,
            Reduced = reduced,
            Inner = inner,
            Strip = Math.Min(inner, StripColumns),
        };
        operands.Strips = (inner + operands.Strip - 1) / operands.Strip;
        operands.Block = Math.Max(1, Math.Min(Math.Max(reduced, 1), PartElements / operands.Strip));
        operands.Blocks = Math.Max(1, (reduced + operands.Block - 1) / operands.Block);
        if (operands.Blocks == 1)
        {
            RunBlocks<TReduction>(x.Type, &operands);
            return;
        }
        using Tensor partial = Tensor.Empty([checked((int)(outer * operands.Blocks * inner))], x.Type);
        operands.Y = (void*)partial.Address;
        RunBlocks<TReduction>(x.Type, &operands);
        Run<TReduction>(partial, y, outer, operands.Blocks, inner);
    }

    private static void RunBlocks<TReduction>(ElementType type, Operands* operands)
        where TReduction : struct, IReduction
    {
        operands->BlocksPerPart = Math.Max(1, PartElements / (operands->Block * operands->Strip));
        long blocks = operands->Outer * operands->Blocks * operands->Strips;
        int parts = checked((int)((blocks + operands->BlocksPerPart - 1) / operands->BlocksPerPart));
        WorkerPool.Run(parts, type == ElementType.Float32 ? &Part<TReduction, float> : &Part<TReduction, double>, operands);
    }

    private static void Part<TReduction, T>(void* state, int part)
        where TReduction : struct, IReduction
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        long first = part * o->BlocksPerPart;
        long end = Math.Min(first + o->BlocksPerPart, o->Outer * o->Blocks * o->Strips);
        for (long item = first; item < end; item++)
        {
            (long outerBlock, long strip) = Math.DivRem(item, o->Strips);
            (long outer, long block) = Math.DivRem(outerBlock, o->Blocks);
            long row = block * o->Block;
            long rows = Math.Min(o->Block, o->Reduced - row);
            long column = strip * o->Strip;
            int columns = (int)Math.Min(o->Strip, o->Inner - column);
            T* x = (T*)o->X + (outer * o->Reduced + row) * o->Inner + column;
            T* y = (T*)o->Y + outerBlock * o->Inner + column;
            if (rows <= 0) new Span<T>(y, columns).Fill(TReduction.Identity<T>());
            else if (o->Inner == 1) *y = TReduction.Row(new ReadOnlySpan<T>(x, (int)rows));
            else if (columns < NarrowColumns) Narrow<TReduction, T>(x, y, rows, columns, o->Inner);
            else Wide<TReduction, T>(x, y, rows, columns, o->Inner);
        }
    }

    private static void Narrow<TReduction, T>(T* x, T* y, long rows, int columns, long step)
        where TReduction : struct, IReduction
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int column = 0; column < columns; column++)
        {
            T value = x[column];
            for (long row = 1; row < rows; row++) value = TReduction.Pair(value, x[row * step + column]);
            y[column] = value;
        }
    }

    private static void Wide<TReduction, T>(T* x, T* y, long rows, int columns, long step)
        where TReduction : struct, IReduction
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> sums = new(y, columns);
        new ReadOnlySpan<T>(x, columns).CopyTo(sums);
        for (long row = 1; row < rows; row++) TReduction.Rows(sums, new ReadOnlySpan<T>(x + row * step, columns));
    }

    private struct Operands
    {
        public void* X;
        public void* Y;
        public long Outer;
        public long Reduced;
        public long Inner;
        public long Block;
        public long Blocks;
        public long Strip;
        public long Strips;
        public long BlocksPerPart;
    }
}

/// <summary>The sum.</summary>
internal readonly struct SumReduction : IReduction
{
    public static T Identity<T>() where T : unmanaged, IFloatingPointIeee754<T> => T.Zero;

    public static T Row<T>(ReadOnlySpan<T> row) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Sum(row);

    public static T Pair<T>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> => a + b;

    public static void Rows<T>(Span<T> into, ReadOnlySpan<T> row) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Add(into, row, into);
}

/// <summary>The product.</summary>
internal readonly struct ProductReduction : IReduction
{
    public static T Identity<T>() where T : unmanaged, IFloatingPointIeee754<T> => T.One;

    public static T Row<T>(ReadOnlySpan<T> row) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Product(row);

    public static T Pair<T>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> => a * b;

    public static void Rows<T>(Span<T> into, ReadOnlySpan<T> row) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Multiply(into, row, into);
}

/// <summary>The largest; NaN if one is.</summary>
internal readonly struct LargestReduction : IReduction
{
    public static T Identity<T>() where T : unmanaged, IFloatingPointIeee754<T> => T.NegativeInfinity;

    public static T Row<T>(ReadOnlySpan<T> row) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Max(row);

    public static T Pair<T>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> => T.Max(a, b);

    public static void Rows<T>(Span<T> into, ReadOnlySpan<T> row) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Max(into, row, into);
}

/// <summary>The smallest; NaN if one is.</summary>
internal readonly struct SmallestReduction : IReduction
{
    public static T Identity<T>() where T : unmanaged, IFloatingPointIeee754<T> => T.PositiveInfinity;

    public static T Row<T>(ReadOnlySpan<T> row) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Min(row);

    public static T Pair<T>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> => T.Min(a, b);

    public static void Rows<T>(Span<T> into, ReadOnlySpan<T> row) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Min(into, row, into);
}

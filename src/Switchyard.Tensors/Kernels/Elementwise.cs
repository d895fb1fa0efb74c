using System.Numerics;

namespace Switchyard.Tensors.Kernels;

/// <summary>A function of one number, over spans.</summary>
internal interface IUnaryFunction
{
    static abstract void Apply<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>;
}

/// <summary>A function of two numbers, over spans; one side may be a single number.</summary>
internal interface IBinaryFunction
{
    static abstract void Apply<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>;

    static abstract void Apply<T>(ReadOnlySpan<T> a, T b, Span<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>;

    static abstract void Apply<T>(T a, ReadOnlySpan<T> b, Span<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>;
}

/// <summary>Applies functions element by element, with broadcasting, in parallel.</summary>
internal static unsafe class Elementwise
{
    // Small enough to stay in the first-level cache with two operands, large enough to hide the call.
    private const int PartElements = 1 << 12;

    /// <summary>y = f(x), of one shape; y may be x.</summary>
    public static void Unary<TFunction>(Tensor x, Tensor y)
        where TFunction : struct, IUnaryFunction
    {
        y.MarkChanged();
        UnaryOperands operands = new() { X = (void*)x.Address, Y = (void*)y.Address, Parts = new RowParts(y.Elements, PartElements) };
        WorkerPool.Run(operands.Parts.Count, x.Type == ElementType.Float32 ? &UnaryPart<TFunction, float> : &UnaryPart<TFunction, double>, &operands);
    }

    /// <summary>y = f(a, number), of one shape; y may be a.</summary>
    public static void Unary<TFunction>(Tensor a, double b, Tensor y)
        where TFunction : struct, IBinaryFunction
    {
        y.MarkChanged();
        UnaryOperands operands = new() { X = (void*)a.Address, Y = (void*)y.Address, Parts = new RowParts(y.Elements, PartElements), Number = b };
        WorkerPool.Run(operands.Parts.Count, a.Type == ElementType.Float32 ? &NumberPart<TFunction, float> : &NumberPart<TFunction, double>, &operands);
    }

    /// <summary>y = f(a, b), a and b stretched to the shape of y; y may be an operand of its own shape.</summary>
    public static void Binary<TFunction>(Tensor a, Tensor b, Tensor y)
        where TFunction : struct, IBinaryFunction
    {
        y.MarkChanged();
        BinaryOperands operands = new() { A = (void*)a.Address, B = (void*)b.Address, Y = (void*)y.Address, Plan = new BroadcastPlan(a.Shape, b.Shape, y.Shape) };
        if (y.Elements == 0) return;
        WorkerPool.Run(operands.Plan.Parts(PartElements), a.Type == ElementType.Float32 ? &BinaryPart<TFunction, float> : &BinaryPart<TFunction, double>, &operands);
    }

    private static void UnaryPart<TFunction, T>(void* state, int part)
        where TFunction : struct, IUnaryFunction
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        UnaryOperands* o = (UnaryOperands*)state;
        long start = o->Parts.Start(part);
        int length = o->Parts.Length(part);
        TFunction.Apply(new ReadOnlySpan<T>((T*)o->X + start, length), new Span<T>((T*)o->Y + start, length));
    }

    private static void NumberPart<TFunction, T>(void* state, int part)
        where TFunction : struct, IBinaryFunction
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        UnaryOperands* o = (UnaryOperands*)state;
        long start = o->Parts.Start(part);
        int length = o->Parts.Length(part);
        TFunction.Apply(new ReadOnlySpan<T>((T*)o->X + start, length), T.CreateChecked(o->Number), new Span<T>((T*)o->Y + start, length));
    }

    private static void BinaryPart<TFunction, T>(void* state, int part)
        where TFunction : struct, IBinaryFunction
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        BinaryOperands* o = (BinaryOperands*)state;
        T* a = (T*)o->A;
        T* b = (T*)o->B;
        T* y = (T*)o->Y;
        foreach (BroadcastRun run in o->Plan.Runs(part, PartElements))
        {
            Span<T> result = new(y + run.Y, run.Length);
            if (!run.IsRunA) TFunction.Apply(a[run.A], new ReadOnlySpan<T>(b + run.B, run.Length), result);
            else if (!run.IsRunB) TFunction.Apply(new ReadOnlySpan<T>(a + run.A, run.Length), b[run.B], result);
            else TFunction.Apply(new ReadOnlySpan<T>(a + run.A, run.Length), new ReadOnlySpan<T>(b + run.B, run.Length), result);
        }
    }

    private struct UnaryOperands
    {
        public void* X;
        public void* Y;
        public RowParts Parts;
        public double Number;
    }

    private struct BinaryOperands
    {
        public void* A;
        public void* B;
        public void* Y;
        public BroadcastPlan Plan;
    }
}

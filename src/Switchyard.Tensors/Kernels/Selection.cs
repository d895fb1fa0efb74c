using System.Numerics;

namespace Switchyard.Tensors.Kernels;

/// <summary>Chooses element by element, where a mask of any type is not zero. All tensors have one shape.</summary>
internal static unsafe class Selection
{
    private const int PartElements = 1 << 13;

    /// <summary>y = mask ? a : b. A side that is null is the number.</summary>
    public static void Run(Tensor mask, Tensor? a, Tensor? b, double number, Tensor y)
    {
        y.MarkChanged();
        Operands operands = new()
        {
            Mask = (void*)mask.Address,
            A = a is null ? null : (void*)a.Address,
            B = b is null ? null : (void*)b.Address,
            Y = (void*)y.Address,
            Parts = new RowParts(y.Elements, PartElements),
            Number = number,
        };
        WorkerPool.Run(operands.Parts.Count, (mask.Type, y.Type) switch
        {
            (ElementType.Int32, ElementType.Float32) => &Part<int, float>,
            (ElementType.Int32, ElementType.Float64) => &Part<int, double>,
            (ElementType.Float32, ElementType.Float32) => &Part<float, float>,
            (ElementType.Float64, ElementType.Float64) => &Part<double, double>,
            _ => throw new ArgumentException($"a mask of {mask.Type} does not choose among elements of {y.Type}: give Int32 or their own type"),
        }, &operands);
    }

    private static void Part<TMask, T>(void* state, int part)
        where TMask : unmanaged, INumber<TMask>
        where T : unmanaged, INumber<T>
    {
        Operands* o = (Operands*)state;
        long start = o->Parts.Start(part), end = o->Parts.End(part);
        TMask* mask = (TMask*)o->Mask;
        T* y = (T*)o->Y;
        T number = T.CreateChecked(o->Number);
        // A step of 0 makes the number look like a tensor.
        T* a = o->A == null ? &number : (T*)o->A + start;
        T* b = o->B == null ? &number : (T*)o->B + start;
        int stepA = o->A == null ? 0 : 1, stepB = o->B == null ? 0 : 1;
        for (long i = start; i < end; i++, a += stepA, b += stepB) y[i] = mask[i] != TMask.Zero ? *a : *b;
    }

    private struct Operands
    {
        public void* Mask;
        public void* A;
        public void* B;
        public void* Y;
        public RowParts Parts;
        public double Number;
    }
}

using System.Numerics;
using System.Numerics.Tensors;

namespace Switchyard.Tensors.Kernels;

/// <summary>Converts elements from any type to any other. The 16-bit types go by way of Float32.</summary>
internal static unsafe class Conversion
{
    private const int PartElements = 1 << 13;
    private const int BufferElements = 1 << 10;

    public static void Run(Tensor x, Tensor y)
    {
        y.MarkChanged();
        Operands operands = new() { X = (byte*)x.Address, Y = (byte*)y.Address, From = x.Type, To = y.Type, Parts = new RowParts(x.Elements, PartElements) };
        WorkerPool.Run(operands.Parts.Count, &Part, &operands);
    }

    private static void Part(void* state, int part)
    {
        Operands* o = (Operands*)state;
        long end = o->Parts.End(part);
        float* buffer = stackalloc float[BufferElements];
        for (long start = o->Parts.Start(part); start < end; start += BufferElements)
        {
            int length = (int)Math.Min(BufferElements, end - start);
            byte* x = o->X + start * o->From.Size(), y = o->Y + start * o->To.Size();
            if (IsDirect(o->From, o->To))
            {
                Convert(o->From, x, o->To, y, length);
            }
            else
            {
                Convert(o->From, x, ElementType.Float32, (byte*)buffer, length);
                Convert(ElementType.Float32, (byte*)buffer, o->To, y, length);
            }
        }
    }

    private static bool IsDirect(ElementType from, ElementType to)
        => from == ElementType.Float32 || to == ElementType.Float32 || (from.Size() > 2 && to.Size() > 2);

    private static void Convert(ElementType from, byte* x, ElementType to, byte* y, int length)
    {
        switch (from)
        {
            case ElementType.Float32: FromNumbers<float>(x, to, y, length); break;
            case ElementType.Float64: FromNumbers<double>(x, to, y, length); break;
            case ElementType.Int32: FromNumbers<int>(x, to, y, length); break;
            case ElementType.BFloat16: HalfConversion.FromBFloat16(new(x, length), new(y, length)); break;
            case ElementType.Float16: HalfConversion.FromFloat16(new(x, length), new(y, length)); break;
        }
    }

    private static void FromNumbers<T>(byte* x, ElementType to, byte* y, int length)
        where T : unmanaged, INumberBase<T>
    {
        switch (to)
        {
            case ElementType.Float32: TensorPrimitives.ConvertSaturating(new ReadOnlySpan<T>(x, length), new Span<float>(y, length)); break;
            case ElementType.Float64: TensorPrimitives.ConvertSaturating(new ReadOnlySpan<T>(x, length), new Span<double>(y, length)); break;
            case ElementType.Int32: TensorPrimitives.ConvertSaturating(new ReadOnlySpan<T>(x, length), new Span<int>(y, length)); break;
            case ElementType.BFloat16: HalfConversion.ToBFloat16(new(x, length), new(y, length)); break;
            case ElementType.Float16: HalfConversion.ToFloat16(new(x, length), new(y, length)); break;
        }
    }

    private struct Operands
    {
        public byte* X;
        public byte* Y;
        public ElementType From;
        public ElementType To;
        public RowParts Parts;
    }
}

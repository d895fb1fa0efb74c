using System.Numerics;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>A function of each lane of a register.</summary>
internal interface IVectorFunction
{
    static abstract TVector Of<T, TVector>(TVector x)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>;
}

/// <summary>Applies a function of registers, with the vectors that this process uses.</summary>
internal readonly unsafe struct Vectorised<TFunction> : IUnaryFunction
    where TFunction : struct, IVectorFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        fixed (T* from = x, to = y)
        {
            switch (Processor.Chosen)
            {
                case InstructionSet.Avx512: Apply<T, Simd512<T>>(from, to, x.Length); break;
                case InstructionSet.Avx2: Apply<T, Simd256<T>>(from, to, x.Length); break;
                default: Apply<T, Simd128<T>>(from, to, x.Length); break;
            }
        }
    }

    // Compiled by itself and with the function in it only once: there is a limit to how much the compiler inlines.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static void Apply<T, TVector>(T* x, T* y, int length)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        int i = 0;
        for (; i <= length - TVector.Count; i += TVector.Count) TVector.Store(TFunction.Of<T, TVector>(TVector.Load(x + i)), y + i);
        if (i < length) ApplyToEnd<T, TVector>(x + i, y + i, length - i);
    }

    private static void ApplyToEnd<T, TVector>(T* x, T* y, int length)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector end = TVector.Load(x, length);
        Apply<T, TVector>((T*)&end, (T*)&end, TVector.Count);
        TVector.Store(end, y, length);
    }
}

/// <summary>In float a function of registers, in double one of single numbers.</summary>
internal readonly struct VectorisedInFloat<TFunction> : IUnaryFunction
    where TFunction : struct, IVectorFunction, INumberFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float)) Vectorised<TFunction>.Apply(x, y);
        else Each<TFunction>.Apply(x, y);
    }
}

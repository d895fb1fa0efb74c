using System.Numerics;

namespace Switchyard.Tensors.Kernels;

/// <summary>One part of an operation's work, written for any type of number and any width of vectors.</summary>
internal unsafe interface IVectorLoop
{
    /// <summary>Does one part.</summary>
    /// <param name="state">What the operation works on.</param>
    /// <param name="part">Which part.</param>
    static abstract void Run<T, TVector>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : unmanaged, ISimd<TVector, T>;
}

/// <summary>Runs loops with the vectors that this process uses.</summary>
internal static unsafe class VectorLoop
{
    /// <summary>Runs all parts on the pool.</summary>
    public static void Run<TLoop>(ElementType type, int parts, void* state)
        where TLoop : struct, IVectorLoop
        => WorkerPool.Run(parts, type == ElementType.Float32 ? Choose<TLoop, float>() : Choose<TLoop, double>(), state);

    private static delegate*<void*, int, void> Choose<TLoop, T>()
        where TLoop : struct, IVectorLoop
        where T : unmanaged, IFloatingPointIeee754<T>
        => Processor.Chosen switch
        {
            InstructionSet.Avx512 => &Part<TLoop, T, Simd512<T>>,
            InstructionSet.Avx2 => &Part<TLoop, T, Simd256<T>>,
            _ => &Part<TLoop, T, Simd128<T>>,
        };

    private static void Part<TLoop, T, TVector>(void* state, int part)
        where TLoop : struct, IVectorLoop
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : unmanaged, ISimd<TVector, T>
        => TLoop.Run<T, TVector>(state, part);
}

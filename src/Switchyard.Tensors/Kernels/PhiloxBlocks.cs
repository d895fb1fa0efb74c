using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Tensors.Kernels;

/// <summary>Runs of <see cref="Philox.Block"/>: the same numbers, eight blocks at a time where the processor can.</summary>
internal static unsafe class PhiloxBlocks
{
    /// <summary>32-bit numbers in a block.</summary>
    public const int Numbers = 4;

    private const int Blocks = 8;
    private const int Rounds = 10;

    /// <summary>Writes the numbers of consecutive blocks, each lowest first.</summary>
    /// <param name="key">The stream.</param>
    /// <param name="position">The first block.</param>
    /// <param name="count">How many blocks.</param>
    /// <param name="numbers">[count · 4]</param>
    public static void Fill(ulong key, ulong position, int count, uint* numbers)
    {
        int block = 0;
        if (Avx2.IsSupported)
        {
            for (; block <= count - Blocks; block += Blocks) FillEight(key, position + (ulong)block, numbers + block * Numbers);
        }
        for (; block < count; block++) *(UInt128*)(numbers + block * Numbers) = Philox.Block(key, position + (ulong)block, 0);
    }

    // A word of the state stands in the lower half of a 64-bit lane, four blocks to a vector: what the multiplication
    // reads. The upper halves hold what the rounds leave there. Two vectors go side by side to hide its latency.
    private static void FillEight(ulong key, ulong position, uint* numbers)
    {
        Vector256<ulong> multiplierA = Vector256.Create((ulong)Philox.MultiplierA), multiplierB = Vector256.Create((ulong)Philox.MultiplierB);
        Vector256<ulong> first = Vector256.Create(position) + Vector256.Create(0UL, 1, 2, 3), second = first + Vector256.Create(4UL);
        Vector256<ulong> p0 = first, p1 = first >>> 32, p2 = default, p3 = default;
        Vector256<ulong> q0 = second, q1 = second >>> 32, q2 = default, q3 = default;
        uint keyA = (uint)key, keyB = (uint)(key >> 32);
        for (int round = 0; round < Rounds; round++)
        {
            Vector256<ulong> roundA = Vector256.Create((ulong)keyA), roundB = Vector256.Create((ulong)keyB);
            Round(ref p0, ref p1, ref p2, ref p3, multiplierA, multiplierB, roundA, roundB);
            Round(ref q0, ref q1, ref q2, ref q3, multiplierA, multiplierB, roundA, roundB);
            keyA += Philox.WeylA;
            keyB += Philox.WeylB;
        }
        Store(p0, p1, p2, p3, numbers);
        Store(q0, q1, q2, q3, numbers + Blocks / 2 * Numbers);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        ref Vector256<ulong> x0, ref Vector256<ulong> x1, ref Vector256<ulong> x2, ref Vector256<ulong> x3,
        Vector256<ulong> multiplierA, Vector256<ulong> multiplierB, Vector256<ulong> keyA, Vector256<ulong> keyB)
    {
        Vector256<ulong> productA = Avx2.Multiply(x0.AsUInt32(), multiplierA.AsUInt32());
        Vector256<ulong> productB = Avx2.Multiply(x2.AsUInt32(), multiplierB.AsUInt32());
        (x0, x1, x2, x3) = ((productB >>> 32) ^ x1 ^ keyA, productB, (productA >>> 32) ^ x3 ^ keyB, productA);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<ulong> x0, Vector256<ulong> x1, Vector256<ulong> x2, Vector256<ulong> x3, uint* numbers)
    {
        Vector256<ulong> low = Vector256.Create(0xFFFFFFFFUL);
        Vector256<ulong> front = (x0 & low) | (x1 << 32), back = (x2 & low) | (x3 << 32);
        Vector256<ulong> even = Avx2.UnpackLow(front, back), odd = Avx2.UnpackHigh(front, back); // blocks 0 and 2, 1 and 3
        Avx2.Permute2x128(even, odd, 0x20).AsUInt32().Store(numbers);
        Avx2.Permute2x128(even, odd, 0x31).AsUInt32().Store(numbers + 2 * Numbers);
    }
}

using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>Runs of <see cref="Philox.Block"/>: the same numbers, as many blocks at a time as two registers hold.</summary>
internal static unsafe class PhiloxBlocks
{
    /// <summary>32-bit numbers in a block.</summary>
    public const int Numbers = 4;

    private const int Rounds = 10;

    /// <summary>Writes the numbers of consecutive blocks, each lowest first.</summary>
    /// <param name="key">The stream.</param>
    /// <param name="position">The first block.</param>
    /// <param name="lane">Which lane of the stream.</param>
    /// <param name="count">How many blocks.</param>
    /// <param name="numbers">[count · 4]</param>
    public static void Fill(ulong key, ulong position, ulong lane, int count, uint* numbers)
    {
        switch (Processor.Chosen)
        {
            case InstructionSet.Avx512: Fill<Words512>(key, position, lane, count, numbers); break;
            case InstructionSet.Avx2: Fill<Words256>(key, position, lane, count, numbers); break;
            default: Fill<Words128>(key, position, lane, count, numbers); break;
        }
    }

    // A word of the state stands in the lower half of a 64-bit lane, a block to a lane: what the multiplication reads. The
    // upper halves hold what the rounds leave there. Two registers go side by side to hide its latency.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Fill<TWords>(ulong key, ulong position, ulong lane, int count, uint* numbers)
        where TWords : unmanaged, IWords<TWords>
    {
        int block = 0;
        for (; block <= count - 2 * TWords.Count; block += 2 * TWords.Count, numbers += 2 * TWords.Count * Numbers)
        {
            TWords p0 = TWords.Create(position + (ulong)block) + TWords.Indices, q0 = p0 + TWords.Create((ulong)TWords.Count);
            TWords p1 = TWords.Upper(p0), p2 = TWords.Create(lane), p3 = TWords.Upper(p2);
            TWords q1 = TWords.Upper(q0), q2 = p2, q3 = p3;
            uint keyA = (uint)key, keyB = (uint)(key >> 32);
            for (int round = 0; round < Rounds; round++)
            {
                TWords roundA = TWords.Create(keyA), roundB = TWords.Create(keyB);
                Round(ref p0, ref p1, ref p2, ref p3, roundA, roundB);
                Round(ref q0, ref q1, ref q2, ref q3, roundA, roundB);
                keyA += Philox.WeylA;
                keyB += Philox.WeylB;
            }
            TWords.StoreBlocks(p0, p1, p2, p3, numbers);
            TWords.StoreBlocks(q0, q1, q2, q3, numbers + TWords.Count * Numbers);
        }
        for (; block < count; block++, numbers += Numbers) *(UInt128*)numbers = Philox.Block(key, position + (ulong)block, lane);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round<TWords>(ref TWords x0, ref TWords x1, ref TWords x2, ref TWords x3, TWords keyA, TWords keyB)
        where TWords : unmanaged, IWords<TWords>
    {
        TWords productA = TWords.MultiplyLower(x0, TWords.Create(Philox.MultiplierA)), productB = TWords.MultiplyLower(x2, TWords.Create(Philox.MultiplierB));
        (x0, x1, x2, x3) = (TWords.Upper(productB) ^ x1 ^ keyA, productB, TWords.Upper(productA) ^ x3 ^ keyB, productA);
    }
}

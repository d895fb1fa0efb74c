using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// The most that the processor and its memory can do, as work to be timed: what a kernel's rate is a share of. The
/// work is shared out over <see cref="WorkerPool.Threads"/> threads.
/// </summary>
public static unsafe class HardwareLimits
{
    // Enough independent chains to hide the latency of a multiply-add on every processor of today.
    private const int Chains = 12;

    /// <summary>Multiply-adds in registers, with the widest vectors in use, and nothing else.</summary>
    /// <param name="steps">How many rounds of twelve vectors each thread takes.</param>
    /// <returns>How many floating-point operations that were, of Float32.</returns>
    public static long MultiplyAdds(int steps)
    {
        int threads = WorkerPool.Threads, lanes = Processor.Chosen switch
        {
            InstructionSet.Avx512 => RawRegister512<float>.Count,
            InstructionSet.Avx2 => RawRegister256<float>.Count,
            _ => RawRegister128<float>.Count,
        };
        WorkerPool.Run(threads, &MultiplyAddPart, &steps);
        return 2L * threads * steps * Chains * lanes;
    }

    /// <summary>Copies a tensor into another of the same size and type: as many bytes are read as are written.</summary>
    /// <param name="from">What is read.</param>
    /// <param name="to">What is written.</param>
    /// <param name="pastCaches">Whether the stores go past the caches, which then need not read the lines first that are overwritten.</param>
    /// <exception cref="ArgumentException">Sizes or types differ.</exception>
    public static void Copy(Tensor from, Tensor to, bool pastCaches)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        if (from.Type != to.Type || from.Elements != to.Elements) throw new ArgumentException($"{from} was to be copied to {to}: they have the same type and as many elements");
        to.MarkChanged();
        Memory memory = new((byte*)from.Address, (byte*)to.Address, from.Elements * from.Type.Size());
        WorkerPool.Run(memory.Parts, pastCaches ? &StreamPart : &CopyPart, &memory);
    }

    /// <summary>Reads the whole of a tensor once and keeps nothing of it.</summary>
    public static void Read(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        Memory memory = new((byte*)tensor.Address, null, tensor.Elements * tensor.Type.Size());
        WorkerPool.Run(memory.Parts, &ReadPart, &memory);
    }

    private static void MultiplyAddPart(void* steps, int part)
    {
        float sink = Processor.Chosen switch
        {
            InstructionSet.Avx512 => MultiplyAdds<Vector512<float>, RawRegister512<float>>(*(int*)steps),
            InstructionSet.Avx2 => MultiplyAdds<Vector256<float>, RawRegister256<float>>(*(int*)steps),
            _ => MultiplyAdds<Vector128<float>, RawRegister128<float>>(*(int*)steps),
        };
        GC.KeepAlive(sink == -1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdds<TVector, TRegister>(int steps)
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<float, TVector>
    {
        float half = 0.5f;
        TVector x = TRegister.Broadcast(&half);
        TVector s0 = x, s1 = x, s2 = x, s3 = x, s4 = x, s5 = x, s6 = x, s7 = x, s8 = x, s9 = x, s10 = x, s11 = x;
        for (; steps > 0; steps--)
        {
            s0 = TRegister.MultiplyAdd(x, x, s0);
            s1 = TRegister.MultiplyAdd(x, x, s1);
            s2 = TRegister.MultiplyAdd(x, x, s2);
            s3 = TRegister.MultiplyAdd(x, x, s3);
            s4 = TRegister.MultiplyAdd(x, x, s4);
            s5 = TRegister.MultiplyAdd(x, x, s5);
            s6 = TRegister.MultiplyAdd(x, x, s6);
            s7 = TRegister.MultiplyAdd(x, x, s7);
            s8 = TRegister.MultiplyAdd(x, x, s8);
            s9 = TRegister.MultiplyAdd(x, x, s9);
            s10 = TRegister.MultiplyAdd(x, x, s10);
            s11 = TRegister.MultiplyAdd(x, x, s11);
        }

        return TRegister.Sum(s0) + TRegister.Sum(s1) + TRegister.Sum(s2) + TRegister.Sum(s3) + TRegister.Sum(s4) + TRegister.Sum(s5)
            + TRegister.Sum(s6) + TRegister.Sum(s7) + TRegister.Sum(s8) + TRegister.Sum(s9) + TRegister.Sum(s10) + TRegister.Sum(s11);
    }

    private static void CopyPart(void* state, int part)
    {
        Memory* memory = (Memory*)state;
        NativeMemory.Copy(memory->From + part * Memory.PartBytes, memory->To + part * Memory.PartBytes, (nuint)memory->LengthOf(part));
    }

    private static void StreamPart(void* state, int part)
    {
        Memory* memory = (Memory*)state;
        Stream(memory->From + part * Memory.PartBytes, memory->To + part * Memory.PartBytes, (nint)memory->LengthOf(part));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Stream(byte* from, byte* to, nint bytes)
    {
        nint i = 0;
        for (; i <= bytes - 64; i += 64)
        {
            Vector256<byte> first = Vector256.Load(from + i), second = Vector256.Load(from + i + 32);
            first.StoreAlignedNonTemporal(to + i);
            second.StoreAlignedNonTemporal(to + i + 32);
        }
        NativeMemory.Copy(from + i, to + i, (nuint)(bytes - i));
    }

    private static void ReadPart(void* state, int part)
    {
        Memory* memory = (Memory*)state;
        int sink = Read(memory->From + part * Memory.PartBytes, (nint)memory->LengthOf(part));
        GC.KeepAlive(sink == -1);
    }

    // Four streams at a time, each fetched ahead by the processor: one alone does not fill the way to memory.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Read(byte* from, nint bytes)
    {
        Vector256<int> a = default, b = default, c = default, d = default;
        nint quarter = bytes / 4;
        for (nint i = 0; i <= quarter - 32; i += 32)
        {
            a |= Vector256.Load((int*)(from + i));
            b |= Vector256.Load((int*)(from + quarter + i));
            c |= Vector256.Load((int*)(from + 2 * quarter + i));
            d |= Vector256.Load((int*)(from + 3 * quarter + i));
        }

        return Vector256.Sum((a | b) | (c | d));
    }

    private readonly struct Memory(byte* from, byte* to, long bytes)
    {
        public const long PartBytes = 1 << 20;

        public readonly byte* From = from;
        public readonly byte* To = to;

        public int Parts => checked((int)((bytes + PartBytes - 1) / PartBytes));

        public long LengthOf(int part) => Math.Min(PartBytes, bytes - part * PartBytes);
    }
}

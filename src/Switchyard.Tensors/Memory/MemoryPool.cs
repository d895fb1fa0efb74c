using System.Numerics;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors.Memory;

/// <summary>
/// Native memory for tensors: blocks aligned to 64 bytes, reused by size class, so that a training step that
/// does what the last one did asks the operating system for nothing. One pool per process, as memory is.
/// </summary>
public static class MemoryPool
{
    // The smallest block, in bytes: below it, a quarter of a doubling would be less than a cache line.
    private const long SmallestBlock = 256;
    private const int StepsPerDoubling = 4;

    // One stack of free blocks per size class: 4 classes between powers of two bound the waste at a fifth.
    private static readonly Stack<Storage>[] FreeBlocks = Enumerable.Range(0, 64 * StepsPerDoubling).Select(_ => new Stack<Storage>()).ToArray();
    private static readonly Lock Gate = new();
    private static long s_bytesInUse;
    private static long s_mostBytesInUse;
    private static long s_bytesReserved;

    /// <summary>Bytes that live tensors hold.</summary>
    public static long BytesInUse => Interlocked.Read(ref s_bytesInUse);

    /// <summary>The most that <see cref="BytesInUse"/> has been, since the last <see cref="ForgetMost"/> or the start.</summary>
    public static long MostBytesInUse => Interlocked.Read(ref s_mostBytesInUse);

    /// <summary>Bytes taken from the operating system: live ones and those kept for reuse.</summary>
    public static long BytesReserved => Interlocked.Read(ref s_bytesReserved);

    /// <summary>Lets <see cref="MostBytesInUse"/> begin anew from what is in use now.</summary>
    public static void ForgetMost()
    {
        lock (Gate) s_mostBytesInUse = s_bytesInUse;
    }

    /// <summary>Gives the blocks that are kept for reuse back to the operating system.</summary>
    public static void Trim()
    {
        lock (Gate)
        {
            foreach (Stack<Storage> blocks in FreeBlocks)
            {
                while (blocks.TryPop(out Storage? block))
                {
                    Free(block);
                    GC.SuppressFinalize(block);
                }
            }
        }
    }

    internal static Storage Rent(long bytes)
    {
        int sizeClass = SizeClass(bytes);
        lock (Gate)
        {
            if (!FreeBlocks[sizeClass].TryPop(out Storage? storage)) storage = Allocate(sizeClass);
            s_bytesInUse += storage.Bytes;
            s_mostBytesInUse = Math.Max(s_mostBytesInUse, s_bytesInUse);
            return storage;
        }
    }

    internal static void Return(Storage storage)
    {
        lock (Gate)
        {
            s_bytesInUse -= storage.Bytes;
            FreeBlocks[storage.SizeClass].Push(storage);
        }
    }

    /// <summary>The end of a block whose tensors were forgotten: called by the finaliser.</summary>
    internal static void Forget(Storage storage)
    {
        lock (Gate)
        {
            s_bytesInUse -= storage.Bytes;
            Free(storage);
        }
    }

    private static void Free(Storage storage)
    {
        AlignedMemory.Free(storage.Address);
        s_bytesReserved -= storage.Bytes;
    }

    private static Storage Allocate(int sizeClass)
    {
        long bytes = ClassBytes(sizeClass);
        nint address = AlignedMemory.Allocate(bytes);
        s_bytesReserved += bytes;
        return new Storage(address, bytes, sizeClass);
    }

    private static int SizeClass(long bytes)
    {
        long rounded = Math.Max(bytes, SmallestBlock);
        int power = BitOperations.Log2((ulong)(rounded - 1));
        long step = (1L << power) / StepsPerDoubling;
        int quarter = (int)((rounded - (1L << power) + step - 1) / step);
        return power * StepsPerDoubling + quarter;
    }

    private static long ClassBytes(int sizeClass)
    {
        int power = sizeClass / StepsPerDoubling;
        return (1L << power) + sizeClass % StepsPerDoubling * ((1L << power) / StepsPerDoubling);
    }
}

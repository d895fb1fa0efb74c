using System.Runtime.InteropServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>Moving and setting whole blocks of memory.</summary>
internal static unsafe class Moving
{
    private const long PartBytes = 1 << 18;

    /// <summary>The memory of a tensor as a span.</summary>
    public static Span<T> Span<T>(nint address, int length)
        where T : unmanaged
        => new((void*)address, length);

    public static void Clear(Tensor x)
    {
        Block block = new() { To = (byte*)x.Address, Bytes = x.Elements * x.Type.Size() };
        x.MarkChanged();
        WorkerPool.Run(block.Parts, &ClearPart, &block);
    }

    public static void Copy(Tensor from, Tensor to)
    {
        Block block = new() { From = (byte*)from.Address, To = (byte*)to.Address, Bytes = from.Elements * from.Type.Size() };
        to.MarkChanged();
        WorkerPool.Run(block.Parts, &CopyPart, &block);
    }

    public static void Fill<T>(Tensor x, T value)
        where T : unmanaged
    {
        x.MarkChanged();
        T* p = (T*)x.Address;
        for (long done = 0; done < x.Elements; done += int.MaxValue)
            new Span<T>(p + done, (int)Math.Min(int.MaxValue, x.Elements - done)).Fill(value);
    }

    private static void ClearPart(void* state, int part)
    {
        Block* block = (Block*)state;
        NativeMemory.Clear(block->To + part * PartBytes, (nuint)block->PartLength(part));
    }

    private static void CopyPart(void* state, int part)
    {
        Block* block = (Block*)state;
        NativeMemory.Copy(block->From + part * PartBytes, block->To + part * PartBytes, (nuint)block->PartLength(part));
    }

    private struct Block
    {
        public byte* From;
        public byte* To;
        public long Bytes;

        public readonly int Parts => (int)((Bytes + PartBytes - 1) / PartBytes);

        public readonly long PartLength(int part) => Math.Min(PartBytes, Bytes - part * PartBytes);
    }
}

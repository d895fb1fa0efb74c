using System.Runtime.InteropServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>Memory for packing, one piece per thread: it grows to the most that was asked for and stays.</summary>
internal sealed unsafe class Scratch
{
    private const nuint CacheLine = 64;

    [ThreadStatic]
    private static Scratch? current;

    private void* memory;
    private nuint bytes;

    private Scratch()
    {
    }

    ~Scratch() => NativeMemory.AlignedFree(memory);

    /// <summary>
    /// The calling thread's memory, at least so large and aligned to a cache line; its content is undefined and
    /// lasts until the next call on the same thread.
    /// </summary>
    internal static void* Rent(nuint bytes)
    {
        Scratch scratch = current ??= new Scratch();
        if (bytes > scratch.bytes)
        {
            NativeMemory.AlignedFree(scratch.memory);
            scratch.memory = null;
            scratch.bytes = 0;
            scratch.memory = NativeMemory.AlignedAlloc(bytes, CacheLine);
            scratch.bytes = bytes;
        }

        return scratch.memory;
    }
}

using System.Runtime.InteropServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>Memory for packing, one piece per thread: it grows to the most that was asked for and stays.</summary>
internal sealed unsafe class Scratch
{
    private const nuint CacheLine = 64;

    [ThreadStatic]
    private static Scratch? _current;

    private void* _memory;
    private nuint _bytes;

    private Scratch()
    {
    }

    ~Scratch() => NativeMemory.AlignedFree(_memory);

    /// <summary>
    /// The calling thread's memory, at least so large and aligned to a cache line; its content is undefined and
    /// lasts until the next call on the same thread.
    /// </summary>
    internal static void* Rent(nuint bytes)
    {
        Scratch scratch = _current ??= new Scratch();
        if (bytes > scratch._bytes)
        {
            NativeMemory.AlignedFree(scratch._memory);
            scratch._memory = null;
            scratch._bytes = 0;
            scratch._memory = NativeMemory.AlignedAlloc(bytes, CacheLine);
            scratch._bytes = bytes;
        }

        return scratch._memory;
    }
}

using System.Runtime.InteropServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>Memory of the operating system that begins at a cache line, as the widest vectors want it.</summary>
internal static unsafe class AlignedMemory
{
    private const nuint CacheLine = 64;

    /// <summary>The address of that many bytes, whose content is undefined.</summary>
    /// <exception cref="OutOfMemoryException">There are not so many.</exception>
    public static nint Allocate(long bytes) => (nint)NativeMemory.AlignedAlloc(checked((nuint)bytes), CacheLine);

    /// <summary>Gives back what <see cref="Allocate"/> gave; nothing for address 0.</summary>
    public static void Free(nint address) => NativeMemory.AlignedFree((void*)address);
}

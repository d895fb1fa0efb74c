using System.Runtime.InteropServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Memory of the operating system that begins at a cache line, as the widest vectors want it. A large piece lies in huge
/// pages where the system has them: then the table of pages that the processor keeps holds all that a kernel works on.
/// </summary>
internal static unsafe partial class AlignedMemory
{
    /// <summary>Bytes of a cache line.</summary>
    internal const int CacheLine = 64;

    /// <summary>Bytes of a huge page.</summary>
    internal const long HugePage = 1 << 21;

    // MADV_HUGEPAGE of Linux.
    private const int HugePages = 14;

    /// <summary>The address of that many bytes, whose content is undefined.</summary>
    /// <exception cref="OutOfMemoryException">There are not so many.</exception>
    public static nint Allocate(long bytes)
    {
        bool large = bytes >= HugePage && OperatingSystem.IsLinux();
        void* memory = NativeMemory.AlignedAlloc(checked((nuint)bytes), (nuint)(large ? HugePage : CacheLine));
        // It is advice: where the system does not take it, the memory is as good as any other.
        if (large) _ = Advise(memory, (nuint)bytes, HugePages);
        return (nint)memory;
    }

    /// <summary>Gives back what <see cref="Allocate"/> gave; nothing for address 0.</summary>
    public static void Free(nint address) => NativeMemory.AlignedFree((void*)address);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* memory, nuint bytes, int advice);
}

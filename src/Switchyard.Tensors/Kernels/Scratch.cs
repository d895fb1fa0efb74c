namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Memory for packing, one piece per thread: it begins with a huge page, grows to the most that was asked for and stays. Small products are over
/// before the lock of the pool, from which a <see cref="Workspace{T}"/> comes, would pay; and what stays with a thread
/// stays in its caches.
/// </summary>
internal sealed unsafe class Scratch
{
    [ThreadStatic]
    private static Scratch? _current;

    private nint _memory;
    private long _bytes;

    private Scratch()
    {
    }

    ~Scratch() => AlignedMemory.Free(_memory);

    /// <summary>
    /// The calling thread's memory, at least so large and aligned to a cache line; its content is undefined and
    /// lasts until the next call on the same thread.
    /// </summary>
    internal static T* Rent<T>(long elements)
        where T : unmanaged
    {
        Scratch scratch = _current ??= new Scratch();
        long bytes = elements * sizeof(T);
        if (bytes > scratch._bytes)
        {
            AlignedMemory.Free(scratch._memory);
            // Should there be no more memory, this thread has none rather than what was given back.
            (scratch._memory, scratch._bytes) = (0, 0);
            bytes = Math.Max(bytes, AlignedMemory.HugePage);
            scratch._memory = AlignedMemory.Allocate(bytes);
            scratch._bytes = bytes;
        }

        return (T*)scratch._memory;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Tensors.Kernels;

/// <summary>Hints to the caches, for kernels that move more than these hold.</summary>
internal static unsafe class Cache
{
    // Most of it would be gone before anybody reads it again.
    private const long Beyond = 32 << 20;

    private const int WidestVector = 64;

    /// <summary>
    /// Whether a new matrix is better written past the caches: it is larger than these, and all of its rows are whole
    /// vectors, as such stores demand. (The end of a job on the pool makes them visible to other threads.)
    /// </summary>
    public static bool IsBeyond(Tensor matrix) => matrix.Elements * matrix.Type.Size() >= Beyond && matrix.Shape[-1] * matrix.Type.Size() % WidestVector == 0;

    /// <summary>Begins to load the line at an address that will be read soon.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fetch(void* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }
}

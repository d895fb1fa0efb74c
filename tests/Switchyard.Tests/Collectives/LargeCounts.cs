using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Switchyard.Collectives;

namespace Switchyard.Tests.Collectives;

/// <summary>More elements than an int can count, from one rank to another.</summary>
internal static unsafe class LargeCounts
{
    private const long Elements = int.MaxValue + 12_345L;

    private static readonly nint Length = nint.CreateChecked(Elements);

    /// <summary>Where marks are compared: around the pages in which MPI counts, and at the very end.</summary>
    private static readonly nint[] Places = [0, 1, (1 << 20) - 1, 1 << 20, int.MaxValue, Length - 12_345, Length - 2, Length - 1];

    /// <summary>Skips the calling test on a machine where that is too much memory.</summary>
    public static void Require() => Assert.SkipUnless(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes > 4 * Elements, "less than 8 GiB of memory");

    /// <summary>Broadcasts from the last rank to all.</summary>
    public static void Broadcast(ProcessGroup group)
    {
        byte* memory = (byte*)NativeMemory.AllocZeroed((nuint)Length);
        try
        {
            if (group.Rank == group.Size - 1)
                foreach (nint place in Places) memory[place] = (byte)(1 + place % 251);
            group.Broadcast<byte>(new LongSpan<byte>(ref Unsafe.AsRef<byte>(memory), Length), group.Size - 1);
            foreach (nint place in Places) Assert.Equal((byte)(1 + place % 251), memory[place]);
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }
}

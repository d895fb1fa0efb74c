using System.Diagnostics;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli.Benchmarks;

/// <summary>What this machine can do at most, measured beside what is held against it.</summary>
internal static class Limits
{
    // Some times larger than the last-level caches of today.
    private const int MemoryBytes = 1 << 28;

    private const int MultiplyAddSteps = 1 << 18;

    // The first touches the memory.
    private const int Trials = 4;

    /// <summary>Floating-point operations of Float32 in registers.</summary>
    public static Contestant FmaPeak() => new("fma peak", HardwareLimits.MultiplyAdds(1) * (double)MultiplyAddSteps, static () => HardwareLimits.MultiplyAdds(MultiplyAddSteps));

    /// <summary>Bytes read and written by a large copy in memory, in the way that is faster on this machine: through the caches or past them.</summary>
    public static Contestant CopyBandwidth()
    {
        Tensor from = Tensor.Zeros([MemoryBytes / 2 / sizeof(float)]), to = Tensor.Zeros(from.Shape);
        bool pastCaches = Fastest(() => HardwareLimits.Copy(from, to, pastCaches: true)) < Fastest(() => HardwareLimits.Copy(from, to, pastCaches: false));
        return new("copy bandwidth", MemoryBytes, () => HardwareLimits.Copy(from, to, pastCaches));
    }

    /// <summary>Bytes read from memory.</summary>
    public static Contestant ReadBandwidth()
    {
        Tensor from = Tensor.Zeros([MemoryBytes / sizeof(float)]);
        return new("memory bandwidth", MemoryBytes, () => HardwareLimits.Read(from));
    }

    private static TimeSpan Fastest(Action run) => Enumerable.Range(0, Trials).Min(_ =>
    {
        long started = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(started);
    });
}

namespace Switchyard.Cli.Benchmarks;

/// <summary>Something that can be measured. Making one costs nothing; it takes memory only while it is measured.</summary>
/// <param name="name">What it is, as group/thing.</param>
internal abstract class Benchmark(string name)
{
    /// <summary>What it is, as group/thing.</summary>
    public string Name => name;

    /// <summary>About how much memory it takes, in bytes; 0 where that is little.</summary>
    public virtual long Bytes => 0;

    /// <summary>Measures it.</summary>
    /// <param name="threads">With how many threads.</param>
    /// <param name="rounds">How often; the median counts.</param>
    /// <param name="interrupted">Cancelled when the measurement shall end early.</param>
    /// <exception cref="OperationCanceledException">It did.</exception>
    public abstract BenchmarkRow Measure(int threads, int rounds, CancellationToken interrupted);
}

using System.Diagnostics;
using Switchyard.Tensors;

namespace Switchyard.Cli.Benchmarks;

/// <summary>The rate of the engine's own large matrix product, the limit that whole models are held against.</summary>
internal static class MatrixPeak
{
    private const int Size = 2048;

    /// <summary>Floating-point operations per second of a product of 2048³ in float32: the median of some rounds.</summary>
    public static double Measure(int rounds = 3)
    {
        using Operands operands = new();
        operands.Run();
        double[] rates = new double[rounds];
        for (int round = 0; round < rounds; round++) rates[round] = operands.Run();
        return Median(rates);
    }

    /// <summary>The middle of some numbers.</summary>
    public static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Two matrices, kept so that rounds can be interleaved with something else.</summary>
    internal sealed class Operands : IDisposable
    {
        private readonly Tensor _a = Tensor.Uniform([Size, Size], -1, 1, new Philox(1)).Release();
        private readonly Tensor _b = Tensor.Uniform([Size, Size], -1, 1, new Philox(2)).Release();

        /// <summary>Multiplies once.</summary>
        /// <returns>Floating-point operations per second.</returns>
        public double Run()
        {
            using TensorScope scope = new();
            long started = Stopwatch.GetTimestamp();
            _ = Tensor.MatMul(_a, _b);
            return 2.0 * Size * Size * Size / Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        public void Dispose()
        {
            _a.Dispose();
            _b.Dispose();
        }
    }
}

using System.Diagnostics;
using System.Numerics.Tensors;
using Switchyard.Tensors;
using Tensor = Switchyard.Tensors.Tensor;

namespace Switchyard.Cli.Benchmarks;

/// <summary>
/// Functions of single numbers and of rows, against the same written with <see cref="TensorPrimitives"/> as its
/// documentation suggests, row by row where that keeps a row in the caches. The numbers fit into a second-level cache.
/// </summary>
internal static class VectorSuite
{
    private const int Rows = 32, Width = 1024;
    private const float Epsilon = 1e-5f;

    // A peer that the runtime compiles in steps shall be at its last before it is measured: before that it can be slower by ten times.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    private delegate void RowFunction(ReadOnlySpan<float> x, Span<float> y);

    /// <summary>All of them.</summary>
    public static IEnumerable<Benchmark> Create() =>
    [
        Function("exp", static x => x.Exp(), static (x, y) => TensorPrimitives.Exp(x, y)),
        Function("sigmoid", static x => x.Sigmoid(), static (x, y) => TensorPrimitives.Sigmoid(x, y)),
        Function("tanh", static x => x.Tanh(), static (x, y) => TensorPrimitives.Tanh(x, y)),
        Function("silu", static x => x.Silu(), Silu),
        Function("gelu", static x => x.Gelu(), Gelu),
        Function("swiglu", static x => Tensor.SwiGlu(x, x), SwiGlu),
        Function("softmax", static x => x.Softmax(), static (x, y) => TensorPrimitives.SoftMax(x, y)),
        Function("log-sum-exp", static x => x.LogSumExp(-1), LogSumExp),
        LayerNorm(),
        RmsNorm(),
    ];

    private static RateBenchmark Function(string name, Func<Tensor, Tensor> ours, RowFunction peer) => Benchmark(name, () =>
    {
        Tensor x = Input();
        return (() => ours(x), x, peer);
    });

    private static RateBenchmark LayerNorm() => Benchmark("layer-norm", () =>
    {
        Tensor x = Input(), weight = Tensor.Uniform([Width], 0.5, 1.5, new Philox(2)), bias = Tensor.Uniform([Width], -1, 1, new Philox(3));
        float[] weights = weight.ToArray<float>(), biases = bias.ToArray<float>();
        return (() => Tensor.LayerNorm(x, weight, bias, 1, Epsilon), x, Peer);

        void Peer(ReadOnlySpan<float> row, Span<float> y)
        {
            TensorPrimitives.Subtract(row, TensorPrimitives.Sum(row) / Width, y);
            TensorPrimitives.Multiply(y, 1 / MathF.Sqrt(TensorPrimitives.SumOfSquares<float>(y) / Width + Epsilon), y);
            TensorPrimitives.MultiplyAdd(y, weights, biases, y);
        }
    });

    private static RateBenchmark RmsNorm() => Benchmark("rms-norm", () =>
    {
        Tensor x = Input(), weight = Tensor.Uniform([Width], 0.5, 1.5, new Philox(2));
        float[] weights = weight.ToArray<float>();
        return (() => Tensor.RmsNorm(x, weight, Epsilon), x, Peer);

        void Peer(ReadOnlySpan<float> row, Span<float> y)
        {
            TensorPrimitives.Multiply(row, 1 / MathF.Sqrt(TensorPrimitives.SumOfSquares(row) / Width + Epsilon), y);
            TensorPrimitives.Multiply(y, weights, y);
        }
    });

    private static RateBenchmark Benchmark(string name, Func<(Action Ours, Tensor X, RowFunction Peer)> prepare) => new($"vector/{name}", new RateUnit("G/s", 1e9), threads =>
    {
        (Action ours, Tensor x, RowFunction peer) = prepare();
        // The peer has no threads of its own to set against several of ours.
        if (threads > 1) return new Contest(Rows * Width, ours);
        float[] result = new float[Rows * Width];
        long started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < WarmUp) ForEachRow();
        return new Contest(Rows * Width, ours) { Peer = new Contestant("TensorPrimitives", Rows * Width, ForEachRow) };

        void ForEachRow()
        {
            ReadOnlySpan<float> from = x.AsReadOnlySpan<float>();
            for (int row = 0; row < Rows; row++) peer(from.Slice(row * Width, Width), result.AsSpan(row * Width, Width));
        }
    });

    private static Tensor Input() => Tensor.Normal([Rows, Width], 0, 2, new Philox(1));

    private static void Silu(ReadOnlySpan<float> x, Span<float> y)
    {
        TensorPrimitives.Sigmoid(x, y);
        TensorPrimitives.Multiply(y, x, y);
    }

    private static void SwiGlu(ReadOnlySpan<float> x, Span<float> y)
    {
        Silu(x, y);
        TensorPrimitives.Multiply(y, x, y);
    }

    // There is no error function: this is the approximation by a hyperbolic tangent, ours is exact.
    private static void Gelu(ReadOnlySpan<float> x, Span<float> y)
    {
        TensorPrimitives.Multiply(x, x, y);
        TensorPrimitives.Multiply(y, 0.044715f * 0.7978846f, y);
        TensorPrimitives.Add(y, 0.7978846f, y);
        TensorPrimitives.Multiply(y, x, y);
        TensorPrimitives.Tanh(y, y);
        TensorPrimitives.AddMultiply(y, 1, x, y);
        TensorPrimitives.Multiply(y, 0.5f, y);
    }

    private static void LogSumExp(ReadOnlySpan<float> x, Span<float> y)
    {
        float largest = TensorPrimitives.Max(x);
        TensorPrimitives.Subtract(x, largest, y);
        TensorPrimitives.Exp(y, y);
        y[0] = largest + MathF.Log(TensorPrimitives.Sum<float>(y));
    }
}

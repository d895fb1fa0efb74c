using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Operations;

[Collection(nameof(WorkerPool))]
public class RowsByIndexTests
{
    private static readonly int[] Index = [3, 0, 3, 1, 3];

    [Fact]
    public void ScatterAddsWhatGatherTakes()
    {
        using TensorScope scope = new();
        Tensor x = Tensor.From(Enumerable.Range(0, 12).Select(i => (float)i).ToArray(), [4, 3]), index = Tensor.From(Index, [5]);
        Tensor rows = Tensor.GatherRows(x, index);
        Assert.Equal([9, 10, 11, 0, 1, 2, 9, 10, 11, 3, 4, 5, 9, 10, 11], rows.ToArray<float>());
        Assert.Equal([0, 1, 2, 3, 4, 5, 0, 0, 0, 27, 30, 33], Tensor.ScatterAddRows(rows, index, 4).ToArray<float>());
        Tensor weights = Tensor.From([1f, 2, 10, 3, 100], [5]);
        Assert.Equal([0, 2, 4, 9, 12, 15, 0, 0, 0, 999, 1110, 1221], Tensor.ScatterAddRows(rows, index, 4, weights).ToArray<float>());
    }

    [Fact]
    public void Gradients()
    {
        Tensor index = Tensor.From(Index, [5]);
        FusedGradients.Check(x => Tensor.GatherRows(x[0], index).Square(), FusedGradients.Random(1, [4, 3]));
        FusedGradients.Check(x => Tensor.ScatterAddRows(x[0], index, 4).Square(), FusedGradients.Random(1, [5, 3]));
        FusedGradients.Check(x => Tensor.ScatterAddRows(x[0], index, 4, x[1]), FusedGradients.Random(1, [5, 3]), FusedGradients.Random(2, [5]));
    }

    [Fact]
    public void SameBitsForAnyNumberOfThreads()
    {
        int[] index = [.. Enumerable.Range(0, 2000).Select(i => (int)(i * 2654435761L % 97))];
        ThreadCounts.AssertSameBits(() => ThreadCounts.WithGradients(
            x => Tensor.ScatterAddRows(x[0], Tensor.From(index, [2000]), 97, x[1]), ThreadCounts.Random(1, [2000, 130]), ThreadCounts.Random(2, [2000])));
    }

    // As in a text: nearly everything goes to few rows, and many rows get nothing.
    [Fact]
    public void UnevenSumsAreThoseOfAPlainLoop()
    {
        const int Tokens = 300, Pairs = 3000, Width = 37;
        int[] index = [.. Enumerable.Range(0, Pairs).Select(i => i % 10 < 7 ? 41 : i % 10 < 9 ? 42 + i % 3 : (int)(i * 2654435761L % 150))];
        float[] expected = new float[Tokens * Width];
        float[]? rows = null;
        ThreadCounts.AssertSameBits(() =>
        {
            Tensor x = ThreadCounts.Random(1, [Pairs, Width]);
            rows = x.ToArray<float>();
            return [Tensor.ScatterAddRows(x, Tensor.From(index, [Pairs]), Tokens)];
        });
        for (int p = 0; p < Pairs; p++)
            for (int i = 0; i < Width; i++) expected[index[p] * Width + i] += rows![p * Width + i];
        using TensorScope scope = new();
        Assert.Equal(expected, Tensor.ScatterAddRows(Tensor.From(rows!, [Pairs, Width]), Tensor.From(index, [Pairs]), Tokens).ToArray<float>());
    }

    // Results of 32 MiB and more are written past the caches.
    [Fact]
    public void LargeResultsAreThoseOfAPlainLoop()
    {
        using TensorScope scope = new();
        const int tokens = 4096, width = 2048;
        int[] index = [.. Enumerable.Range(0, tokens).Select(i => (int)(i * 2654435761L % tokens)), 0, 7, 7];
        Tensor x = ThreadCounts.Random(1, [tokens, width]), pairs = Tensor.From(index, [index.Length]), weights = ThreadCounts.Random(2, [index.Length]);
        x.RequiresGradient = weights.RequiresGradient = true;
        Tensor rows = Tensor.GatherRows(x, pairs), y = Tensor.ScatterAddRows(rows, pairs, tokens, weights);
        float[] xs = x.ToArray<float>(), ws = weights.ToArray<float>(), gathered = rows.ToArray<float>(), sums = new float[tokens * width];
        for (int p = 0; p < index.Length; p++)
        {
            Assert.True(xs.AsSpan(index[p] * width, width).SequenceEqual(gathered.AsSpan(p * width, width)), $"row {p}");
            for (int i = 0; i < width; i++) sums[index[p] * width + i] = MathF.FusedMultiplyAdd(ws[p], xs[index[p] * width + i], sums[index[p] * width + i]);
        }
        Assert.Equal(sums, y.ToArray<float>(), (a, b) => Math.Abs(a - b) <= 1e-6f * Math.Max(1, Math.Abs(a)));

        // y[t] is x[t] times the sum of the weights that name t; its gradients, given ones, are these sums and the sums of rows.
        y.Backward(Tensor.Full(y.Shape, 1));
        float[] dx = x.Gradient!.ToArray<float>(), dweights = weights.Gradient!.ToArray<float>();
        double[] factors = new double[tokens];
        for (int p = 0; p < index.Length; p++)
        {
            factors[index[p]] += ws[p];
            double total = 0;
            for (int i = 0; i < width; i++) total += xs[index[p] * width + i];
            Assert.Equal(total, dweights[p], 1e-2);
        }
        for (int t = 0; t < tokens; t++) Assert.Equal(factors[t], dx[t * width + t % width], 1e-5);
    }

    [Fact]
    public void WrongUseIsNamed()
    {
        using TensorScope scope = new();
        Tensor x = Tensor.Zeros([4, 3]);
        Assert.Contains("is not within 0 to 3", Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.GatherRows(x, Tensor.From([0, 4], [2]))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.GatherRows(x, Tensor.From([-1], [1])));
        Assert.Throws<ArgumentException>(() => Tensor.ScatterAddRows(x, Tensor.From([0, 1], [2]), 4));
        Assert.Throws<ArgumentException>(() => Tensor.ScatterAddRows(x, Tensor.From([0, 1, 2, 3], [4]), 4, Tensor.Zeros([3])));
    }
}

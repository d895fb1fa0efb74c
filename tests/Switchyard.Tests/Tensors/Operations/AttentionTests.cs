using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Operations;

[Collection(nameof(WorkerPool))]
public class AttentionTests
{
    public static TheoryData<bool, int?, int, bool> Masks => new()
    {
        { false, null, 0, false },
        { true, null, 0, false },
        { true, 3, 0, false },
        { false, 2, 1, false },
        { false, int.MaxValue, 1, false },
        { true, null, 70, false },
        { true, 5, 66, true },
        { false, null, 0, true },
    };

    // More queries than one block holds, more keys than queries, two query heads to a key head.
    [Theory]
    [MemberData(nameof(Masks))]
    public void IsThatOfAPlainLoop(bool causal, int? window, int offset, bool masksKeys)
    {
        using TensorScope scope = new();
        const int batch = 2, queries = 67, keys = 141, heads = 4, kvHeads = 2, width = 5, valueWidth = 3;
        Tensor q = FusedGradients.Random(1, [batch, queries, heads, width]), k = FusedGradients.Random(2, [batch, keys, kvHeads, width]), v = FusedGradients.Random(3, [batch, keys, kvHeads, valueWidth]);
        int[] seen = [.. Enumerable.Range(0, batch * keys).Select(i => i * 7 % 3 == 0 ? 0 : 1)];
        Tensor? keyMask = masksKeys ? Tensor.From(seen, [batch, keys]) : null;
        double[] y = Tensor.Attention(q, k, v, new AttentionMask(causal, window, offset), 0.4, keyMask).ToArray<double>();
        double[] qs = q.ToArray<double>(), ks = k.ToArray<double>(), vs = v.ToArray<double>();
        for (int b = 0; b < batch; b++)
        {
            for (int i = 0; i < queries; i++)
            {
                for (int h = 0; h < heads; h++)
                {
                    double[] sums = new double[valueWidth];
                    double total = 0;
                    for (int j = 0; j < keys; j++)
                    {
                        if (causal && j > offset + i) continue;
                        if (window is { } w && Math.Abs(j - offset - i) >= w) continue;
                        if (masksKeys && seen[b * keys + j] == 0) continue;
                        double score = 0;
                        for (int c = 0; c < width; c++) score += qs[((b * queries + i) * heads + h) * width + c] * ks[((b * keys + j) * kvHeads + h / 2) * width + c];
                        double weight = Math.Exp(0.4 * score);
                        total += weight;
                        for (int c = 0; c < valueWidth; c++) sums[c] += weight * vs[((b * keys + j) * kvHeads + h / 2) * valueWidth + c];
                    }
                    for (int c = 0; c < valueWidth; c++)
                        Assert.Equal(total == 0 ? 0 : sums[c] / total, y[((b * queries + i) * heads + h) * valueWidth + c], 11);
                }
            }
        }
    }

    [Theory]
    [InlineData(false, null, 0, false, false)]
    [InlineData(true, null, 0, false, false)]
    [InlineData(true, 2, 1, true, false)]
    [InlineData(true, null, 0, false, true)]
    public void Gradients(bool causal, int? window, int offset, bool masksKeys, bool isBiased)
    {
        // With the first key hidden, causal leaves the first query nothing to see.
        Tensor? keyMask = masksKeys ? Tensor.From([0, 1, 1, 1, 1, 0, 0, 1], [2, 4]) : null;
        Tensor[] inputs = [FusedGradients.Random(1, [2, 3, 4, 2]), FusedGradients.Random(2, [2, 4, 2, 2]), FusedGradients.Random(3, [2, 4, 2, 3])];
        if (isBiased) inputs = [.. inputs, FusedGradients.Random(4, [1, 4, 3, 4])];
        FusedGradients.Check(x => Tensor.Attention(x[0], x[1], x[2], new AttentionMask(causal, window, offset), null, keyMask, isBiased ? x[3] : null), inputs);
    }

    [Fact]
    public void AQueryThatSeesNothingGivesZero()
    {
        using TensorScope scope = new();
        Tensor q = ThreadCounts.Random(1, [1, 2, 1, 4]), k = ThreadCounts.Random(2, [1, 3, 1, 4]), v = ThreadCounts.Random(3, [1, 3, 1, 4]);
        Tensor[] results = ThreadCounts.WithGradients(x => Tensor.Attention(x[0], x[1], x[2], keyMask: Tensor.From([0, 0, 0], [1, 3])), q, k, v);
        Assert.All(results, result => Assert.All(result.ToArray<float>(), value => Assert.Equal(0, value)));
    }

    [Fact]
    public void SameBitsForAnyNumberOfThreads()
        => ThreadCounts.AssertSameBits(() => ThreadCounts.WithGradients(
            x => Tensor.Attention(x[0], x[1], x[2], new AttentionMask(Causal: true)),
            ThreadCounts.Random(1, [2, 130, 4, 16]), ThreadCounts.Random(2, [2, 130, 2, 16]), ThreadCounts.Random(3, [2, 130, 2, 16])));

    [Fact]
    public void WrongUseIsNamed()
    {
        using TensorScope scope = new();
        Tensor q = Tensor.Zeros([1, 2, 3, 4]), k = Tensor.Zeros([1, 5, 2, 4]);
        Assert.Contains("kvHeads divides heads", Assert.Throws<ArgumentException>(() => Tensor.Attention(q, k, k)).Message, StringComparison.Ordinal);
        Tensor fitting = Tensor.Zeros([1, 5, 3, 4]);
        Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.Attention(q, fitting, fitting, new AttentionMask(Window: 0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.Attention(q, fitting, fitting, scale: -1));
        Assert.Throws<ArgumentException>(() => Tensor.Attention(q, fitting, fitting, keyMask: Tensor.Zeros([1, 5])));
    }
}

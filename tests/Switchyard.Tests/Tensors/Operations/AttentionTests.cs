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
        { true, null, 240, false },
        { true, 9, 245, true },
        { false, null, 0, true },
    };

    // More queries and more keys than one block holds, more keys than queries, two query heads to a key head.
    [Theory]
    [MemberData(nameof(Masks))]
    public void IsThatOfAPlainLoop(bool causal, int? window, int offset, bool masksKeys)
    {
        using TensorScope scope = new();
        const int batch = 2, queries = 67, keys = 300, heads = 4, kvHeads = 2, width = 5, valueWidth = 3;
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

    // With a bias, attention is composed of other operations.
    [Theory]
    [InlineData(true, null, 0)]
    [InlineData(true, 40, 0)]
    [InlineData(false, 70, 100)]
    public void GradientsOverManyBlocksAreThoseOfTheComposedOperation(bool causal, int? window, int offset)
    {
        using TensorScope scope = new();
        Tensor[] inputs = [FusedGradients.Random(1, [1, 300, 4, 3]), FusedGradients.Random(2, [1, 530, 2, 3]), FusedGradients.Random(3, [1, 530, 2, 5])];
        AttentionMask mask = new(causal, window, offset);
        foreach (Tensor input in inputs) input.RequiresGradient = true;
        Tensor fused = Tensor.Attention(inputs[0], inputs[1], inputs[2], mask), upstream = FusedGradients.Random(4, fused.Shape);
        Tensor composed = Tensor.Attention(inputs[0], inputs[1], inputs[2], mask, bias: Tensor.Zeros([1, 1, 1, 1], ElementType.Float64));
        foreach ((Tensor ours, Tensor theirs) in Switchyard.Tensors.Gradients.Of(fused, inputs, upstream).Zip(Switchyard.Tensors.Gradients.Of(composed, inputs, upstream)))
            Assert.Equal(theirs.ToArray<double>(), ours.ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-11);
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

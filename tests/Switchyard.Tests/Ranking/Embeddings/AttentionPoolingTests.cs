using Switchyard.Ranking.Embeddings;
using Switchyard.Tensors;

namespace Switchyard.Tests.Ranking.Embeddings;

public sealed class AttentionPoolingTests
{
    private const int Bags = 3, Most = 4, Width = 5;

    // Bags of two, one and three names.
    private static readonly int[] Places = [0, 1, 4, 8, 9, 10], BagOf = [0, 0, 1, 2, 2, 2];

    [Fact]
    public void It_is_the_softmax_of_products_with_the_query_within_each_bag()
    {
        using TensorScope scope = new();
        using AttentionPooling pooling = new(Width);
        Tensor vectors = Vectors(ElementType.Float32);
        Assert.Equal([0.5f, 0.5f, 1, 1f / 3, 1f / 3, 1f / 3], Weights(pooling, vectors));
        using (Gradients.Paused()) pooling.Query.CopyFrom(Tensor.Normal([Width], 0, 1, new Philox(2)));
        float[] v = vectors.ToArray<float>(), q = pooling.Query.ToArray<float>(), got = Weights(pooling, vectors);
        double[] exponentials = [.. BagOf.Select((_, name) => Math.Exp(Enumerable.Range(0, Width).Sum(i => (double)v[name * Width + i] * q[i])))];
        for (int name = 0; name < BagOf.Length; name++)
            Assert.Equal(exponentials[name] / exponentials.Where((_, other) => BagOf[other] == BagOf[name]).Sum(), got[name], 1e-5);
    }

    [Fact]
    public void Gradients_are_those_of_finite_differences()
    {
        using TensorScope scope = new();
        using AttentionPooling pooling = new(Width);
        pooling.To(ElementType.Float64);
        using (Gradients.Paused()) pooling.Query.CopyFrom(Tensor.Normal([Width], 0, 1, new Philox(2), ElementType.Float64));
        Tensor vectors = Vectors(ElementType.Float64), bagOf = Tensor.From(BagOf, [BagOf.Length]);
        vectors.RequiresGradient = pooling.Query.RequiresGradient = true;
        GradientCheck.RequireOfLeaves(
            () => Tensor.ScatterAddRows(vectors, bagOf, Bags, pooling.Weights(vectors, Tensor.From(Places, [Places.Length]), Bags, Most)).Square().Sum(), 1e-6, vectors, pooling.Query);
    }

    private static float[] Weights(AttentionPooling pooling, Tensor vectors) => pooling.Weights(vectors, Tensor.From(Places, [Places.Length]), Bags, Most).ToArray<float>();

    private static Tensor Vectors(ElementType type) => Tensor.Normal([Places.Length, Width], 0, 1, new Philox(1), type);
}

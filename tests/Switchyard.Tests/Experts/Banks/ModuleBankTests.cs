using Switchyard.Experts.Banks;
using Switchyard.Modules;
using Switchyard.Tensors;
using Switchyard.Tests.Tensors;

namespace Switchyard.Tests.Experts.Banks;

public sealed class ModuleBankTests
{
    private const int Width = 4, Hidden = 6;

    /// <summary>Two independent ways to the same experts, one of which has no rows: outputs and every gradient.</summary>
    [Theory]
    [InlineData(FeedForwardActivation.SwiGlu)]
    [InlineData(FeedForwardActivation.Relu)]
    [InlineData(FeedForwardActivation.Gelu)]
    public void Blocks_one_by_one_give_what_grouped_products_give(FeedForwardActivation activation)
    {
        using TensorScope scope = new();
        Philox random = new(7);
        int[] starts = [0, 3, 3, 4, 9];
        using FeedForwardBank grouped = new(4, Width, Hidden, random, 0.5, activation: activation);
        FeedForward[] blocks = [.. Enumerable.Range(0, 4).Select(_ => new FeedForward(Width, Hidden, random, activation: activation))];
        using ModuleBank<FeedForward> single = new(blocks, static (block, rows) => block.Forward(rows));
        grouped.To(ElementType.Float64);
        single.To(ElementType.Float64);
        using (Gradients.Paused())
        {
            foreach ((string name, Tensor weights) in grouped.Parameters())
                for (int expert = 0; expert < 4; expert++) Of(blocks[expert], $"{name}.weight").CopyFrom(weights.Slice(0, expert, expert + 1).Reshape([weights.Shape[1], weights.Shape[2]]));
        }

        Tensor rows = FusedGradients.Random(3, [9, Width]), offsets = Tensor.From(starts, [5]), upstream = FusedGradients.Random(4, [9, Width]);
        Tensor a = grouped.Forward(rows, offsets), b = single.Forward(rows, offsets);
        AssertClose(a, b);
        a.Backward(upstream);
        b.Backward(upstream);
        foreach ((string name, Tensor weights) in grouped.Parameters())
            for (int expert = 0; expert < 4; expert++) AssertClose(weights.Gradient!.Slice(0, expert, expert + 1), Of(blocks[expert], $"{name}.weight").Gradient!);
    }

    [Fact]
    public void A_bank_without_experts_is_refused()
        => Assert.Throws<ArgumentException>(static () => new ModuleBank<FeedForward>([], static (block, rows) => block.Forward(rows)));

    private static Tensor Of(Module module, string name) => module.Parameters().Single(parameter => parameter.Name == name).Tensor;

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        double[] a = expected.ToArray<double>(), b = actual.ToArray<double>();
        Assert.Equal(a.Length, b.Length);
        for (int i = 0; i < a.Length; i++) Assert.Equal(a[i], b[i], 1e-12);
    }
}

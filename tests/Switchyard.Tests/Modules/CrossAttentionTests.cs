using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Tests.Modules;

public sealed class CrossAttentionTests
{
    private const int Batch = 2, Tokens = 3, Sources = 4, Width = 6, Heads = 2, HeadWidth = 2;

    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    public void It_is_what_a_plain_loop_computes(int keyValueHeads)
    {
        using TensorScope scope = new();
        using CrossAttention layer = new(new AttentionOptions { Width = Width, Heads = Heads, KeyValueHeads = keyValueHeads, HeadWidth = HeadWidth }, new Philox(1), 0.5);
        Tensor x = Tensor.Normal([Batch, Tokens, Width], 0, 1, new Philox(2)), source = Tensor.Normal([Batch, Sources, Width], 0, 1, new Philox(3));
        int[] mask = [1, 1, 1, 0, 1, 1, 1, 1];
        float[] got = layer.Forward(x, layer.Keys(source, Tensor.From(mask, [Batch, Sources]))).ToArray<float>();
        Dictionary<string, float[]> weights = layer.Parameters().ToDictionary(static parameter => parameter.Name, static parameter => parameter.Tensor.ToArray<float>());

        for (int batch = 0; batch < Batch; batch++)
        {
            double[][] keys = new double[Sources][], values = new double[Sources][];
            for (int s = 0; s < Sources; s++)
            {
                float[] hidden = source.ToArray<float>()[((batch * Sources + s) * Width)..][..Width];
                (keys[s], values[s]) = (Times(weights["k_proj.weight"], hidden), Times(weights["v_proj.weight"], hidden));
            }
            for (int token = 0; token < Tokens; token++)
            {
                double[] query = Times(weights["q_proj.weight"], x.ToArray<float>()[((batch * Tokens + token) * Width)..][..Width]);
                float[] seen = new float[Heads * HeadWidth];
                for (int head = 0; head < Heads; head++)
                {
                    int from = head * keyValueHeads / Heads * HeadWidth;
                    double[] shares = new double[Sources];
                    for (int s = 0; s < Sources; s++)
                    {
                        double score = 0;
                        for (int i = 0; i < HeadWidth; i++) score += query[head * HeadWidth + i] * keys[s][from + i];
                        shares[s] = mask[batch * Sources + s] == 0 ? 0 : Math.Exp(score / Math.Sqrt(HeadWidth));
                    }
                    for (int s = 0; s < Sources; s++)
                        for (int i = 0; i < HeadWidth; i++) seen[head * HeadWidth + i] += (float)(shares[s] / shares.Sum() * values[s][from + i]);
                }
                double[] expected = Times(weights["o_proj.weight"], seen);
                for (int i = 0; i < Width; i++) Assert.Equal(expected[i], got[(batch * Tokens + token) * Width + i], 1e-5);
            }
        }
    }

    [Fact]
    public void Several_sequences_may_look_at_one_source()
    {
        using TensorScope scope = new();
        using CrossAttention layer = new(new AttentionOptions { Width = Width, Heads = Heads, KeyValueHeads = Heads, HeadWidth = HeadWidth, QueryKeyNorm = true }, new Philox(1), 0.5);
        Tensor x = Tensor.Normal([3, 1, Width], 0, 1, new Philox(2)), source = Tensor.Normal([1, Sources, Width], 0, 1, new Philox(3));
        float[] together = layer.Forward(x, layer.Keys(source, null)).ToArray<float>();
        for (int sequence = 0; sequence < 3; sequence++)
        {
            float[] alone = layer.Forward(x.Slice(0, sequence, sequence + 1), layer.Keys(source, null)).ToArray<float>();
            for (int i = 0; i < Width; i++) Assert.Equal(alone[i], together[sequence * Width + i], 1e-5f);
        }
    }

    // weight [rows, vector]
    private static double[] Times(float[] weight, float[] vector) =>
        [.. Enumerable.Range(0, weight.Length / vector.Length).Select(row => vector.Select((number, column) => (double)number * weight[row * vector.Length + column]).Sum())];
}

using Switchyard.Collectives;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Evolution;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.Evolution;

public sealed class ExpertSpawnerTests
{
    private const string Layer = "model.layers.1.mlp", Up = "up_proj", Down = FeedForwardBank.DownName;
    private const int Hidden = 64, Width = 48, Experts = 8;

    private static readonly Tensor Block = Tensor.Normal([Hidden, Width], 0.2, 1.5, new Philox(4)).Release();

    public static TheoryData<SpawnOptions> Modes =>
    [
        new SpawnOptions { Mode = SpawnMode.Copy },
        new SpawnOptions { Mode = SpawnMode.Noise },
        new SpawnOptions(),
        new SpawnOptions { Share = 0.5, Rescale = true },
        new SpawnOptions { Mode = SpawnMode.MaskUnits, Share = 0.25 },
        new SpawnOptions { Mode = SpawnMode.MaskUnits, Share = 1, Redraw = true },
    ];

    [Fact]
    public void Copies_are_copies()
        => Assert.All(Weights(new SpawnOptions { Mode = SpawnMode.Copy }), static expert => Assert.Equal(Block.ToArray<float>(), expert));

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_spawn_is_a_function_of_seed_layer_and_expert(SpawnOptions options)
    {
        float[][] first = Weights(options), fewer = Weights(options, experts: 3);
        Assert.Equal(first, Weights(options));
        Assert.Equal(first[..3], fewer);
        if (options.Mode == SpawnMode.Copy) return;
        Assert.NotEqual(first[0], first[1]);
        Assert.NotEqual(first[0], Weights(options, seed: 8)[0]);
        Assert.NotEqual(first[0], Weights(options, layer: "model.layers.3.mlp")[0]);
    }

    [Fact]
    public void Noise_has_the_deviation_that_is_asked_for()
    {
        float[] block = Block.ToArray<float>();
        double mean = block.Average(), deviation = Math.Sqrt(block.Average(weight => (weight - mean) * (weight - mean)));
        double[] noise = [.. Weights(new SpawnOptions { Mode = SpawnMode.Noise, Noise = 0.05 }).SelectMany(expert => expert.Zip(block, static (a, b) => (double)a - b))];
        Assert.Equal(0, noise.Average(), 3 * 0.05 * deviation / Math.Sqrt(noise.Length));
        Assert.Equal(0.05 * deviation, Math.Sqrt(noise.Average(static x => x * x)), 0.05 * 0.05 * deviation);
    }

    [Theory]
    [InlineData(0.1, false)]
    [InlineData(0.5, true)]
    public void A_mask_takes_its_share_weight_by_weight_and_leaves_the_rest(double share, bool rescale)
    {
        float[] block = Block.ToArray<float>();
        float factor = rescale ? (float)(1 / (1 - share)) : 1;
        float[][] experts = Weights(new SpawnOptions { Share = share, Rescale = rescale });
        foreach (float[] expert in experts)
            for (int i = 0; i < block.Length; i++) Assert.True(expert[i] == 0 || expert[i] == block[i] * factor);
        double masked = experts.Sum(static expert => expert.Count(static weight => weight == 0)) / (double)(Experts * block.Length);
        Assert.Equal(share, masked, 4 * Math.Sqrt(share * (1 - share) / (Experts * block.Length)));
        // Two experts mask a weight together as often as chance has it.
        double both = experts[0].Zip(experts[1]).Count(static pair => pair is (0, 0)) / (double)block.Length;
        Assert.Equal(share * share, both, 4 * Math.Sqrt(share * share / block.Length));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Units_lose_their_row_and_their_column_together(bool redraw)
    {
        SpawnOptions options = new() { Mode = SpawnMode.MaskUnits, Share = 0.25, Redraw = redraw };
        float[] block = Block.ToArray<float>();
        float[][] up = Weights(options), down = Weights(options, matrix: Down, transposed: true);
        for (int expert = 0; expert < Experts; expert++)
        {
            int changed = 0;
            for (int unit = 0; unit < Hidden; unit++)
            {
                bool[] rows = [.. Enumerable.Range(0, Width).Select(i => up[expert][unit * Width + i] != block[unit * Width + i])];
                bool[] columns = [.. Enumerable.Range(0, Width).Select(i => down[expert][i * Hidden + unit] != block[unit * Width + i])];
                Assert.Single(rows.Distinct());
                Assert.Equal(rows, columns);
                if (!rows[0]) continue;
                changed++;
                if (!redraw) Assert.All(up[expert][(unit * Width)..((unit + 1) * Width)], static weight => Assert.Equal(0, weight));
            }
            Assert.Equal(Hidden / 4, changed);
        }
        if (!redraw) return;
        float[] drawn = [.. up.SelectMany(expert => expert.Where((weight, i) => weight != block[i]))];
        Assert.Equal(block.Average(), drawn.Average(), 0.06f);
        Assert.Equal(block.Average(static x => x * x), drawn.Average(static x => x * x), 0.15f);
    }

    [Fact]
    public void Averages_go_on_except_where_weights_are_masked_or_drawn_anew()
    {
        foreach (SpawnOptions options in (SpawnOptions[])[new(), new() { Mode = SpawnMode.MaskUnits, Share = 0.5, Redraw = true }, new() { Mode = SpawnMode.Noise }])
        {
            float[] block = Block.ToArray<float>();
            float[] weights = [.. Weights(options).SelectMany(static expert => expert)];
            ExpertSpawner spawner = new(options, 7);
            using Tensor ones = Tensor.Full([Hidden, Width], 1);
            float[] averages = spawner.Averages(Layer, Up, ones, Experts).ToArray<float>();
            IReadOnlyList<int> masked = spawner.MaskedPlaces(Layer, Up, Shape.Create([Experts, Hidden, Width]));
            Assert.Equal(masked, Enumerable.Range(0, averages.Length).Where(i => averages[i] == 0));
            Assert.All(averages, static average => Assert.True(average is 0 or 1));
            if (options.Mode == SpawnMode.Noise) Assert.Empty(masked);
            else Assert.Equal(masked, Enumerable.Range(0, weights.Length).Where(i => weights[i] != block[i % block.Length]));
        }
    }

    [Fact]
    public void A_bias_is_copied()
    {
        using Tensor bias = Tensor.Normal([Hidden], 0, 1, new Philox(2));
        using Tensor spawned = new ExpertSpawner(new SpawnOptions { Share = 0.9 }, 7).Weights(Layer, "up_bias", bias, 2);
        Assert.Equal(Shape.Create([2, Hidden]), spawned.Shape);
        Assert.Equal([.. bias.ToArray<float>(), .. bias.ToArray<float>()], spawned.ToArray<float>());
    }

    [Theory]
    [InlineData(SpawnMode.Copy, 0.1, false, true, "no mask")]
    [InlineData(SpawnMode.Noise, 0.1, true, false, "no mask")]
    [InlineData(SpawnMode.Mask, 0.95, false, false, "0 to 0.9")]
    [InlineData(SpawnMode.Mask, double.NaN, false, false, "0 to 0.9")]
    public void What_does_not_go_together_is_refused(SpawnMode mode, double share, bool rescale, bool persistent, string named)
        => Assert.Contains(named, Assert.Throws<ArgumentException>(() => new SpawnOptions { Mode = mode, Share = share, Rescale = rescale, Persistent = persistent }.Check()).Message, StringComparison.Ordinal);

    [Fact]
    public void Distance_is_that_of_every_pair()
    {
        using FeedForwardBank bank = new(5, 12, 20, new Philox(9));
        double[][] experts = [.. Enumerable.Range(0, 5).Select(expert => bank.Parameters().SelectMany(weight => weight.Tensor.ToArray<float>().Chunk(12 * 20).ElementAt(expert)).Select(static weight => (double)weight).ToArray())];
        double sum = 0;
        for (int a = 0; a < 5; a++)
            for (int b = 0; b < a; b++) sum += 1 - Dot(experts[a], experts[b]) / Math.Sqrt(Dot(experts[a], experts[a]) * Dot(experts[b], experts[b]));
        Assert.Equal(sum / 10, ExpertDistance.Of(bank)!.Value, 1e-9);
        // Ranks that share the experts, one of them with none, say the same.
        foreach (int ranks in (int[])[2, 3, 6])
        {
            InProcessGroup.Run(ranks, group =>
            {
                using ParallelBank shared = new(bank, group);
                Assert.Equal(sum / 10, ExpertDistance.Of(shared)!.Value, 1e-9);
            });
        }

        static double Dot(double[] a, double[] b) => a.Zip(b, static (x, y) => x * y).Sum();
    }

    private static float[][] Weights(SpawnOptions options, ulong seed = 7, string layer = Layer, string matrix = Up, int experts = Experts, bool transposed = false)
    {
        using TensorScope scope = new();
        return [.. new ExpertSpawner(options, seed).Weights(layer, matrix, transposed ? Block.Transpose(0, 1) : Block, experts).ToArray<float>().Chunk(Hidden * Width)];
    }
}

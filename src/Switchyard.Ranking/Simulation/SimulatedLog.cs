using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Simulation;

/// <summary>A log of a simulated world, and the truth behind it.</summary>
/// <param name="Examples">The impressions: click, like and watch time, with position and device.</param>
/// <param name="Relevant">Whether each candidate was relevant, looked at or not: what an oracle learns from.</param>
/// <param name="Liked">Whether each would be liked, clicked or not.</param>
/// <param name="RandomPage">Whether its page was in random order.</param>
public sealed record SimulatedLog(MemoryExamples Examples, bool[] Relevant, bool[] Liked, bool[] RandomPage)
{
    private const double LongestWatch = 600;

    /// <summary>What the columns of a simulated log mean.</summary>
    public static FeatureSchema Schema { get; } = new()
    {
        Features = [.. Enumerable.Range(0, RankingWorld.Features).Select(i => new Feature { Name = $"x{i}" })],
        Tasks =
        [
            new TaskColumn { Name = "click", Biased = true },
            new TaskColumn { Name = "like", When = "click", Weight = 0.3, ScoreWeight = 0 },
            new TaskColumn { Name = "watch", Kind = TaskKind.Regression, When = "click", Weight = 0.1, Logarithm = true, ScoreWeight = 0 },
        ],
        Position = new PositionColumns { Column = "position", Device = "device", Random = "random", Positions = RankingWorld.Slots, Devices = ["desktop", "mobile"] },
        Group = "page",
    };

    /// <summary>Logs pages.</summary>
    /// <param name="world">The truth.</param>
    /// <param name="options">What is simulated.</param>
    /// <param name="pages">How many.</param>
    /// <param name="taste">Draws what is liked beside relevance: the same for all logs of a world.</param>
    /// <param name="random">Draws everything else.</param>
    public static SimulatedLog Draw(RankingWorld world, SimulationOptions options, int pages, Philox taste, Philox random)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        LoggingPolicy policy = LoggingPolicy.Find(options.Policy);
        double correlation = options.Correlation;
        ExampleLayout layout = new(Schema);
        int rows = checked(pages * RankingWorld.Slots);
        int[] words = new int[checked(rows * layout.Words)];
        bool[] relevant = new bool[rows], liked = new bool[rows], randomPage = new bool[rows];
        double[] likes = RankingWorld.Draw(taste).Directions[0];
        double[][] x = new double[RankingWorld.Slots][];
        double[] scores = new double[RankingWorld.Slots], logits = new double[RankingWorld.Slots], uniforms = new double[RankingWorld.Slots], watched = new double[RankingWorld.Slots];
        for (int page = 0; page < pages; page++)
        {
            int device = random.NextDouble() < 0.5 ? 0 : 1;
            bool isRandom = random.NextDouble() < policy.RandomPages;
            for (int slot = 0; slot < RankingWorld.Slots; slot++)
            {
                x[slot] = [.. Enumerable.Range(0, RankingWorld.Features).Select(_ => random.NextNormal())];
                logits[slot] = world.Relevance(x[slot]);
                double wrong = System.Numerics.Tensors.TensorPrimitives.Dot<double>(x[slot], world.Wrong), noise = random.NextNormal();
                scores[slot] = isRandom ? noise : policy.Wrong * wrong + policy.Relevance * logits[slot] + policy.Noise * noise;
            }
            int[] positions = RankingWorld.Positions(scores);
            for (int slot = 0; slot < RankingWorld.Slots; slot++)
            {
                int row = page * RankingWorld.Slots + slot;
                Span<int> record = words.AsSpan(row * layout.Words, layout.Words);
                Span<float> dense = layout.DenseOf(record);
                for (int i = 0; i < RankingWorld.Features; i++) dense[2 * i] = (float)x[slot][i];
                relevant[row] = random.NextDouble() < RankingWorld.Probability(logits[slot]);
                randomPage[row] = isRandom;
                uniforms[slot] = random.NextDouble();
                double own = 1.5 * System.Numerics.Tensors.TensorPrimitives.Dot<double>(x[slot], likes);
                double liking = correlation * logits[slot] + Math.Sqrt(1 - correlation * correlation) * own;
                liked[row] = random.NextDouble() < RankingWorld.Probability(liking);
                double completion = RankingWorld.Probability(0.5 * liking + random.NextNormal()), length = Math.Exp(4 + 0.5 * random.NextNormal());
                watched[slot] = Math.Log(1 + Math.Min(LongestWatch, completion * length));
                layout.PositionOf(record) = positions[slot];
                layout.DeviceOf(record) = device;
                layout.GroupOf(record) = page;
            }
            bool[] clicks = Clicks.Of(options.Clicks, positions, relevant.AsSpan(page * RankingWorld.Slots, RankingWorld.Slots), device, uniforms);
            for (int slot = 0; slot < RankingWorld.Slots; slot++)
            {
                int row = page * RankingWorld.Slots + slot;
                Span<float> labels = layout.LabelsOf(words.AsSpan(row * layout.Words, layout.Words));
                labels[0] = clicks[slot] ? 1 : 0;
                labels[1] = clicks[slot] ? liked[row] ? 1 : 0 : float.NaN;
                labels[2] = clicks[slot] ? (float)watched[slot] : float.NaN;
            }
        }
        return new SimulatedLog(new MemoryExamples(layout, words), relevant, liked, randomPage);
    }

    /// <summary>The same examples with relevance for clicks, where nothing is hidden by the page: what an oracle learns from.</summary>
    public MemoryExamples WithTruth()
    {
        ExampleLayout layout = Examples.Layout;
        int[] words = new int[checked((int)Examples.Count * layout.Words)];
        for (int row = 0; row < Examples.Count; row++)
        {
            Span<int> record = words.AsSpan(row * layout.Words, layout.Words);
            Examples.Read(row, record);
            layout.LabelsOf(record)[0] = Relevant[row] ? 1 : 0;
        }
        return new MemoryExamples(layout, words);
    }

    /// <summary>The examples whose pages were in random order.</summary>
    public IEnumerable<ExampleBatch> RandomPages(int size = 4096)
    {
        long[] rows = [.. Enumerable.Range(0, RandomPage.Length).Where(row => RandomPage[row]).Select(static row => (long)row)];
        return rows.Chunk(size).Select(chunk => Examples.Batch(chunk));
    }
}

using Switchyard.Collectives;
using Switchyard.Collectives.AllToAll;
using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Ranks;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.Banks;

public sealed class ParallelBankTests
{
    private const int Experts = 8, Width = 3, Hidden = 4;

    // Rows of each expert on each of eight ranks: zeros everywhere, a rank without any, and a hot expert.
    private static readonly int[][] Rows =
    [
        [1, 0, 2, 0, 3, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 9, 0, 0, 0], [2, 0, 1, 1, 1, 0, 1, 1],
        [0, 0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 5, 0, 0, 0], [1, 0, 1, 1, 0, 0, 1, 2], [0, 0, 0, 0, 4, 0, 3, 0],
    ];

    public static TheoryData<int> Sizes => [1, 2, 3, 4, 5, 8];

    /// <summary>
    /// The same answers, the same gradients of rows and the same gradients of experts for any number of ranks: no scaling by
    /// replicas, none by ranks (DeepSpeed issue 5618, Megatron-LM pull request 5956). An expert without rows has a gradient of zeros.
    /// </summary>
    [Theory]
    [MemberData(nameof(Sizes))]
    public void Answers_and_gradients_do_not_depend_on_the_number_of_ranks(int ranks) => AssertSame(ranks, Run(1), Run(ranks), 0);

    /// <summary>But for rounding: products of half as many rows add up in another order.</summary>
    [Theory]
    [MemberData(nameof(Sizes))]
    public void Nor_on_whether_rows_travel_while_experts_work(int ranks) => AssertSame(ranks, Run(1), Run(ranks, overlapped: true), 1e-12);

    private static void AssertSame(int ranks, Result[] expected, Result[] actual, double tolerance)
    {
        double[] rows = [.. actual.SelectMany(static result => result.Answers)], rowGradients = [.. actual.SelectMany(static result => result.RowGradients)];
        // Rank by rank in either case.
        Near(ByRank(expected[0].Answers), rows, tolerance);
        Near(ByRank(expected[0].RowGradients), rowGradients, tolerance);
        foreach (string name in expected[0].Weights.Keys)
        {
            Near(expected[0].Weights[name], [.. actual.SelectMany(result => result.Weights[name])], 1e-12);
        }

        static void Near(double[] expected, double[] actual, double tolerance)
        {
            Assert.Equal(expected.Length, actual.Length);
            for (int i = 0; i < expected.Length; i++) Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance, $"element {i} is {actual[i]} instead of {expected[i]}");
        }

        // The rows of all eight, as one rank has them: by expert, then by rank of the eight.
        double[] ByRank(double[] byExpert)
        {
            List<double> sorted = [];
            foreach (int[] of in Owners(ranks))
                for (int expert = 0; expert < Experts; expert++)
                    foreach (int eighth in of) sorted.AddRange(byExpert.AsSpan(Start(expert, eighth) * Width, Rows[eighth][expert] * Width));
            return [.. sorted];
        }
    }

    public static TheoryData<int, bool> Choices => new(from choices in Enumerable.Range(2, 7) from overlapped in (bool[])[false, true] select (choices, overlapped));

    /// <summary>
    /// Tokens, answers and both their gradients cross to a node once for all of a token's experts there: so many fewer bytes as
    /// counting says, by the factor of random choices, and the bits of every other way to exchange.
    /// </summary>
    [Theory]
    [MemberData(nameof(Choices))]
    public void One_copy_per_node_cuts_what_crosses_and_changes_no_bit(int choices, bool overlapped)
    {
        Layer flat = Carry(AllToAllAlgorithm.Flat, choices, overlapped), copies = Carry(AllToAllAlgorithm.Deduplicated, choices, overlapped);
        foreach (AllToAllAlgorithm other in (AllToAllAlgorithm[])[AllToAllAlgorithm.Leader, AllToAllAlgorithm.TwoDimensional]) Assert.Equal(flat.Bits, Carry(other, choices, overlapped).Bits);
        Assert.Equal(flat.Bits, copies.Bits);

        // A queue has a group, and counters, of its own.
        if (!overlapped) Assert.Equal(4 * Width * sizeof(float) * (flat.PairsBetween - flat.CopiesBetween), flat.BytesBetween - copies.BytesBetween);
        // Of 16 experts on 4 nodes, at least one of a node's four is among the choices that often.
        double atLeastOne = 1 - Enumerable.Range(0, choices).Aggregate(1.0, static (none, i) => none * (12 - i) / (16 - i));
        Assert.InRange((double)flat.PairsBetween / flat.CopiesBetween, 0.95 * choices / 4 / atLeastOne, 1.05 * choices / 4 / atLeastOne);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradients_of_gradients_cross_ranks(bool overlapped)
    {
        double[] Second(int ranks)
        {
            double[][] parts = new double[ranks][];
            InProcessGroup.Run(ranks, group =>
            {
                using TensorScope scope = new();
                using FeedForwardBank whole = Whole();
                using ExchangeQueue? queue = overlapped ? new ExchangeQueue(group) : null;
                using ParallelBank bank = new(whole, group, queue);
                (Tensor rows, Tensor offsets) = OwnRows(Owners(ranks)[group.Rank]);
                Tensor loss = bank.Forward(rows, offsets).Square().Sum();
                Tensor first = Gradients.Of(loss, [rows], createGraph: true)[0];
                parts[group.Rank] = Gradients.Of(first.Square().Sum(), [rows])[0].ToArray<double>();
            });
            return [.. parts.SelectMany(static part => part).Order()];
        }
        double[] expected = Second(1), actual = Second(4);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-12);
    }

    [Fact]
    public void Names_and_shapes_are_those_of_the_rank_alone()
        => InProcessGroup.Run(3, group =>
        {
            using FeedForwardBank whole = Whole();
            using ParallelBank bank = new(whole, group);
            Assert.Equal(whole.Parameters().Select(static parameter => parameter.Name), bank.Parameters().Select(static parameter => parameter.Name));
            Assert.All(bank.Parameters(), parameter => Assert.Equal(bank.Count, parameter.Tensor.Shape[0]));
            Assert.Equal(new[] { 0, 2, 5 }[group.Rank], bank.First);
        });

    [Fact]
    public void Experts_that_cannot_be_taken_apart_are_refused()
    {
        using ModuleBank<Switchyard.Modules.Linear> bank = new([new Switchyard.Modules.Linear(2, 2, new Philox(1), 0.1)], static (linear, rows) => linear.Forward(rows));
        RankFailedException failure = Assert.Throws<RankFailedException>(() => InProcessGroup.Run(2, group => _ = new ParallelBank(bank, group)));
        Assert.Contains(nameof(FeedForwardBank), failure.Message, StringComparison.Ordinal);
    }

    private static Result[] Run(int ranks, bool overlapped = false)
    {
        Result[] results = new Result[ranks];
        InProcessGroup.Run(ranks, group =>
        {
            using TensorScope scope = new();
            using FeedForwardBank whole = Whole();
            using ExchangeQueue? queue = overlapped ? new ExchangeQueue(group) : null;
            using ParallelBank bank = new(whole, group, queue);
            (Tensor rows, Tensor offsets) = OwnRows(Owners(ranks)[group.Rank]);
            Tensor answers = bank.Forward(rows, offsets);
            answers.Square().Sum().Backward();
            results[group.Rank] = new(
                answers.ToArray<double>(),
                rows.Gradient!.ToArray<double>(),
                bank.Parameters().ToDictionary(static parameter => parameter.Name, static parameter => parameter.Tensor.Gradient!.ToArray<double>()));
        });
        return results;
    }

    /// <summary>A layer of random choices on four nodes of two ranks, forward and backward.</summary>
    private static Layer Carry(AllToAllAlgorithm algorithm, int choices, bool overlapped)
    {
        const int Tokens = 60, Many = 16;
        Layer[] layers = new Layer[8];
        InProcessGroup.Run(Topology.Uniform(4, 2), group =>
        {
            using TensorScope scope = new();
            group.Algorithm = algorithm;
            using FeedForwardBank whole = new(Many, Width, Hidden, new Philox(5), 0.7);
            using ExchangeQueue? queue = overlapped ? new ExchangeQueue(group) : null;
            using ParallelBank bank = new(whole, group, queue);
            Random random = new(group.Rank);
            (int Token, int Expert)[] pairs = [.. Enumerable.Range(0, Tokens)
                .SelectMany(token => Enumerable.Range(0, Many).OrderBy(_ => random.Next()).Take(choices).Select(expert => (token, expert)))
                .OrderBy(static pair => pair.expert)];
            int[] offsets = [.. Enumerable.Range(0, Many + 1).Select(expert => pairs.Count(pair => pair.Expert < expert))];
            Tensor tokens = Tensor.Normal([Tokens, Width], 0, 1, new Philox((ulong)group.Rank)), weights = Tensor.Uniform([pairs.Length], 0, 1, new Philox(100 + (ulong)group.Rank));
            (tokens.RequiresGradient, weights.RequiresGradient) = (true, true);
            Routing routing = new(Tokens, Tensor.From([.. pairs.Select(static pair => pair.Token)], [pairs.Length]), Tensor.From(offsets, [Many + 1]), weights, [], new RoutingStatistics(new long[Many], 0, 0));
            Tensor answers = bank.Forward(tokens, routing);
            answers.Square().Sum().Backward();

            (int Token, int Node)[] between = [.. pairs.Select(static pair => (pair.Token, pair.Expert / 4)).Where(pair => pair.Item2 != group.Rank / 2)];
            long[] counts = [group.Traffic.Between.Bytes, between.Length, between.Distinct().Count()];
            group.AllReduce<long>(counts);
            Tensor[] results = [answers, tokens.Gradient!, weights.Gradient!, .. bank.Parameters().Select(static parameter => parameter.Tensor.Gradient!)];
            layers[group.Rank] = new([.. results.SelectMany(static result => result.ToArray<float>())], counts[0], counts[1], counts[2]);
        });
        return layers[0] with { Bits = [.. layers.SelectMany(static layer => layer.Bits)] };
    }

    private static FeedForwardBank Whole() => (FeedForwardBank)new FeedForwardBank(Experts, Width, Hidden, new Philox(5), 0.7).To(ElementType.Float64);

    /// <summary>Which of the eight rows of <see cref="Rows"/> each rank has.</summary>
    private static int[][] Owners(int ranks) => [.. Enumerable.Range(0, ranks).Select(rank => Enumerable.Range(0, 8).Where(eighth => eighth * ranks / 8 == rank).ToArray())];

    private static int Start(int expert, int eighth)
        => Enumerable.Range(0, expert).Sum(static before => Rows.Sum(counts => counts[before])) + Enumerable.Range(0, eighth).Sum(before => Rows[before][expert]);

    /// <summary>The rows of some of the eight by expert; a row's numbers depend on nothing but which it is.</summary>
    private static (Tensor Rows, Tensor Offsets) OwnRows(int[] eighths)
    {
        List<double> numbers = [];
        int[] offsets = new int[Experts + 1];
        for (int expert = 0; expert < Experts; expert++)
        {
            foreach (int eighth in eighths)
                for (int row = 0; row < Rows[eighth][expert]; row++)
                    for (int column = 0; column < Width; column++) numbers.Add(Math.Sin(1 + 7.3 * expert + 3.1 * eighth + 1.7 * row + 0.9 * column));
            offsets[expert + 1] = numbers.Count / Width;
        }
        Tensor rows = Tensor.From([.. numbers], [numbers.Count / Width, Width]);
        rows.RequiresGradient = true;
        return (rows, Tensor.From(offsets, [Experts + 1]));
    }

    private sealed record Layer(float[] Bits, long BytesBetween, long PairsBetween, long CopiesBetween);

    private sealed record Result(double[] Answers, double[] RowGradients, Dictionary<string, double[]> Weights);
}

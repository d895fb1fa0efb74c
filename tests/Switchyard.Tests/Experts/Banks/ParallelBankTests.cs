using Switchyard.Collectives;
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
    public void Answers_and_gradients_do_not_depend_on_the_number_of_ranks(int ranks) => AssertSame(ranks, Run(1), Run(ranks));

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Nor_on_whether_rows_travel_while_experts_work(int ranks) => AssertSame(ranks, Run(1), Run(ranks, overlapped: true));

    private static void AssertSame(int ranks, Result[] expected, Result[] actual)
    {
        double[] rows = [.. actual.SelectMany(static result => result.Answers)], rowGradients = [.. actual.SelectMany(static result => result.RowGradients)];
        // Rank by rank in either case.
        Assert.Equal(ByRank(expected[0].Answers), rows);
        Assert.Equal(ByRank(expected[0].RowGradients), rowGradients);
        foreach (string name in expected[0].Weights.Keys)
        {
            double[] whole = expected[0].Weights[name], gathered = [.. actual.SelectMany(result => result.Weights[name])];
            Assert.Equal(whole.Length, gathered.Length);
            for (int i = 0; i < whole.Length; i++) Assert.Equal(whole[i], gathered[i], 1e-12);
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

    private sealed record Result(double[] Answers, double[] RowGradients, Dictionary<string, double[]> Weights);
}

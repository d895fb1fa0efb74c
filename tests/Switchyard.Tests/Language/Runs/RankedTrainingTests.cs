using System.Text;
using Switchyard.Collectives;
using Switchyard.Experts.Gates;
using Switchyard.Language.Evolution;
using Switchyard.Language.Runs;
using Switchyard.Language.Transformer;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Language.Runs;

/// <summary>One model trained by several ranks, as threads of this process.</summary>
public sealed class RankedTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _text;

    public RankedTrainingTests() => _text = _folder.Write("text.txt", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 300).Select(static number => $"{number} plus {number + 1} is {2 * number + 1}.\n"))));

    public static TheoryData<string> Gates => ["top-k", "sigmoid-bias", "switch", "hash", "soft-moe"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Gates))]
    public void A_few_steps_are_the_same_on_any_number_of_ranks(string gate)
    {
        LanguageRunOptions options = Options(steps: 6, GateCatalogue.Find(gate).Defaults);
        IReadOnlyList<StepMetrics> alone = Train("alone", options, 1);
        foreach (int ranks in (int[])[2, 3, 8]) AssertSameCurve(alone, Train($"on {ranks}", options, ranks), $"{gate}, {ranks} ranks");
    }

    public static TheoryData<string> Tasks => [LanguageRunOptions.Masked, LanguageRunOptions.Translation];

    /// <summary>Windows with more or fewer hidden tokens, and pairs of different lengths, count as in one batch.</summary>
    [Theory]
    [MemberData(nameof(Tasks))]
    public void Every_task_is_the_same_on_any_number_of_ranks(string task)
    {
        LanguageRunOptions options = Options(steps: 6, new TopKOptions { CapacityFactor = 1.25m }) with { Task = task, Tokenizer = "bytes" };
        TransformerOptions model = task == LanguageRunOptions.Masked ? new EncoderOptions() : new EncoderDecoderOptions { DecoderMixtureEvery = 1 };
        options = options with
        {
            Model = model with { Layers = 2, Width = 16, Heads = 2, Hidden = 12, Experts = 8, Context = 24, Dropout = 0.1, Routing = options.Model.Routing },
            Learning = options.Learning with { LabelSmoothing = 0.1 },
        };
        IReadOnlyList<StepMetrics> alone = Train("alone", options, 1);
        foreach (int ranks in (int[])[2, 3, 4, 8]) AssertSameCurve(alone, Train($"on {ranks}", options, ranks), $"{task}, {ranks} ranks");
    }

    public static TheoryData<string, int> Recipes => new() { { "evomoe", 1 }, { "evomoe", 2 }, { "evomoe-persistent", 1 }, { "evomoe-copy", 1 } };

    /// <summary>Every rank makes its share of the experts out of the block that all of them have.</summary>
    [Theory]
    [MemberData(nameof(Recipes))]
    public void Phases_are_the_same_on_any_number_of_ranks(string recipe, int nodes)
    {
        LanguageRunOptions options = Options(steps: 12, new TopKOptions());
        options = options with { Phases = [.. RecipeCatalogue.Find(recipe).Phases.Zip((double?[])[0.25, 0.7, null], static (phase, until) => phase with { Until = until })] };
        IReadOnlyList<StepMetrics> alone = Train("alone", options, 1);
        Assert.Equal(["dense", "sparsify", "hard"], alone.Select(static record => record.Phase).Distinct());
        foreach (int ranks in (int[])[2, 4]) AssertSameCurve(alone, Train($"on {ranks}", options, ranks, nodes: nodes), $"{recipe}, {ranks} ranks");
    }

    [Fact]
    public void A_checkpoint_of_a_later_phase_is_gone_on_with_by_any_number()
    {
        LanguageRunOptions options = Options(steps: 12, new TopKOptions());
        options = options with { Phases = [.. RecipeCatalogue.Find("evomoe-persistent").Phases.Zip((double?[])[0.25, 0.7, null], static (phase, until) => phase with { Until = until })] };
        IReadOnlyList<StepMetrics> unbroken = Train("unbroken", options, 4);
        foreach (int ranks in (int[])[1, 2])
        {
            string name = $"resumed by {ranks}";
            Train(name, options, 4, stopAfter: 6);
            AssertSameCurve(unbroken, Resume(name, ranks), name);
        }
    }

    /// <summary>Between nodes rows travel while experts, and the expert that sees every token, work.</summary>
    [Fact]
    public void Nodes_come_to_the_same_curve()
    {
        LanguageRunOptions options = Options(steps: 6, new TopKOptions());
        options = options with { Model = (DecoderOptions)options.Model with { SharedHidden = 8 } };
        AssertSameCurve(Train("alone", options, 1), Train("on nodes", options, 4, nodes: 2), "2 nodes of 2 ranks");
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_hundred_steps_are_the_same_on_any_number_of_ranks()
    {
        LanguageRunOptions options = Options(steps: 100, new TopKOptions { CapacityFactor = 1.25m });
        IReadOnlyList<StepMetrics> alone = Train("alone", options, 1);
        Assert.True(alone[^1].TrainLoss < 0.8 * alone[0].TrainLoss, "nothing was learnt");
        foreach (int ranks in (int[])[2, 4, 8]) AssertSameCurve(alone, Train($"on {ranks}", options, ranks), $"{ranks} ranks");
    }

    [Fact]
    public void A_checkpoint_of_four_ranks_is_gone_on_with_by_any_number()
    {
        LanguageRunOptions options = Options(steps: 8, new TopKOptions());
        IReadOnlyList<StepMetrics> unbroken = Train("unbroken", options, 4);
        foreach (int ranks in (int[])[4, 1, 2, 8])
        {
            string name = $"resumed by {ranks}";
            Train(name, options, 4, stopAfter: 4);
            IReadOnlyList<StepMetrics> resumed = Resume(name, ranks);
            Assert.Equal(Enumerable.Range(1, 8), resumed.Select(static record => (int)record.Step));
            AssertSameCurve(unbroken, resumed, name);
            // The same ranks come to the same bits.
            if (ranks == 4) Assert.Equal(unbroken.Select(static record => record.TrainLoss), resumed.Select(static record => record.TrainLoss));
        }
    }

    [Fact]
    public void A_checkpoint_does_not_tell_how_many_ranks_wrote_it()
    {
        LanguageRunOptions options = Options(steps: 1, new TopKOptions());
        Train("one", options, 1);
        Train("four", options, 4);
        using LanguageRun one = LanguageRun.Open(Path.Combine(_folder.Path, "one")), four = LanguageRun.Open(Path.Combine(_folder.Path, "four"));
        foreach (((string name, Switchyard.Tensors.Tensor expected), (string other, Switchyard.Tensors.Tensor actual)) in one.Model.State().Zip(four.Model.State()))
        {
            Assert.Equal((name, expected.Shape), (other, actual.Shape));
            Assert.All(expected.ToArray<float>().Zip(actual.ToArray<float>()), pair => Assert.Equal(pair.First, pair.Second, 2e-4f));
        }
    }

    [Fact]
    public void Where_the_time_went_stands_in_the_metrics()
    {
        IReadOnlyList<StepMetrics> records = Train("run", Options(steps: 3, new TopKOptions()), 2);
        Assert.All(records, static record =>
        {
            Assert.Equal(2, record.Ranks!.Count);
            Assert.All(record.Ranks, static rank => Assert.True(rank.ComputeSeconds > 0 && rank.ExchangeSeconds > 0 && rank.WaitSeconds > 0));
        });
    }

    [Fact]
    public void More_ranks_than_windows_are_refused()
    {
        LanguageRunOptions options = Options(steps: 1, new TopKOptions());
        RankFailedException failure = Assert.Throws<RankFailedException>(() => Train("run", options with { Learning = options.Learning with { Batch = 2 } }, 3));
        Assert.Contains("a micro-batch of 2 windows cannot be shared out among 3 ranks", failure.Message, StringComparison.Ordinal);
    }

    private static LanguageRunOptions Options(long steps, GateOptions gate) => new()
    {
        Model = new DecoderOptions { Layers = 2, Width = 16, Heads = 2, Hidden = 12, Experts = 8, Context = 16, Dropout = 0.1, Routing = gate },
        Learning = new LearningOptions { Steps = steps, Batch = 8, WarmUpSteps = 4, LearningRate = 4e-3, EvaluateEvery = Math.Max(steps / 2, 1), CheckpointEvery = 4, Seed = 3 },
    };

    private IReadOnlyList<StepMetrics> Train(string name, LanguageRunOptions options, int ranks, long? stopAfter = null, int nodes = 1)
    {
        string path = Path.Combine(_folder.Path, name);
        string data = options.Task == LanguageRunOptions.Translation ? $"{_text},{_folder.Write("digits.txt", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 300).Select(static number => $"{2 * number + 1} = {number}\n"))))}" : _text;
        using (LanguageTraining.Begin(path, data, (place, _) => options with { Data = place }, task: options.Task))
        {
        }
        return Resume(name, ranks, stopAfter, nodes);
    }

    private IReadOnlyList<StepMetrics> Resume(string name, int ranks, long? stopAfter = null, int nodes = 1)
    {
        string path = Path.Combine(_folder.Path, name);
        InProcessGroup.Run(Topology.Uniform(nodes, ranks / nodes), group =>
        {
            using CancellationTokenSource stop = new();
            using LanguageTraining training = LanguageTraining.Resume(path);
            if (ranks > 1) training.Distribute(group);
            // Only one rank is told to stop: all do.
            TrainingObserver observer = new() { Recorded = record => { if (record.Step == stopAfter && group.Rank == ranks - 1) stop.Cancel(); } };
            training.Run(observer, TimeProvider.System, stop.Token);
        });
        return MetricsFile.Read(Path.Combine(path, "metrics.jsonl"));
    }

    private static void AssertSameCurve(IReadOnlyList<StepMetrics> expected, IReadOnlyList<StepMetrics> actual, string what)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach ((StepMetrics one, StepMetrics other) in expected.Zip(actual))
        {
            // Sums of another order round otherwise, and where a token stands between two experts, one bit sends it to the other.
            Near(one.TrainLoss, other.TrainLoss, "loss", 5e-3);
            Near(one.GradientNorm, other.GradientNorm, "gradient norm", 3e-2);
            if (one.ValidationLoss is { } validation) Near(validation, other.ValidationLoss!.Value, "held-out loss", 5e-3);
            Assert.Equal((one.Tokens, one.Phase), (other.Tokens, other.Phase));
            if (one.Flops is { } flops) Near(flops, other.Flops!.Value, "number of operations", 1e-3);

            void Near(double a, double b, string figure, double tolerance) => Assert.True(Math.Abs(a - b) <= tolerance * Math.Abs(a), $"{what}, step {one.Step}: the {figure} is {b} instead of {a}");
        }
    }
}

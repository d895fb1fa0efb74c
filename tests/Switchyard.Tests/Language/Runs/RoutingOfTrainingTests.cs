using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Language.Runs;
using Switchyard.Language.Text;
using Switchyard.Language.Tokenizers;
using Switchyard.Language.Transformer;
using Switchyard.Modules;
using Switchyard.Modules.Schedules;
using Switchyard.Tensors;
using Switchyard.Training;

namespace Switchyard.Tests.Language.Runs;

/// <summary>What each gate's routing must look like while a small language model learns, and on the held-out text in the end.</summary>
[Trait("Category", "Slow")]
public sealed class RoutingOfTrainingTests : IDisposable
{
    private const int Experts = 8, Steps = 600, Batch = 16;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Switch_with_its_loss_is_balanced()
    {
        Course course = Train(new SwitchOptions { BalanceCoefficient = 0.01 });
        // 0.97 on a natural text; of six grammars each has its own frequent bytes.
        Assert.InRange(course.HeldOut[^1].LoadEntropy, 0.95, 1);
        Assert.InRange(course.HeldOut[^1].MaxOverMean, 1, 1.7);
    }

    [Fact]
    public void Base_is_balanced_exactly_while_it_trains_and_nearly_when_it_is_greedy()
    {
        Course course = Train(new BaseOptions());
        Assert.All(course.MaxOverMean, static ratio => Assert.Equal(1, ratio));
        Assert.InRange(course.HeldOut[^1].MaxOverMean, 1, 2.7);
    }

    [Fact]
    public void Hashing_never_moves_a_token()
    {
        Course course = Train(new HashOptions());
        Assert.Equal(0, RoutingStatistics.Fluctuation(course.MainExperts[0], course.MainExperts[^1]));
        Assert.Single(course.HeldOut.Select(static statistics => string.Join(' ', statistics.Load)).Distinct());
    }

    [Fact]
    public void A_stable_gate_moves_no_token_after_its_first_stage()
    {
        Course course = Train(new StableOptions { FirstStage = 0.5 });
        Assert.InRange(RoutingStatistics.Fluctuation(course.MainExperts[0], course.MainExperts[1]), 0.05, 1);
        Assert.Equal(0, RoutingStatistics.Fluctuation(course.MainExperts[^2], course.MainExperts[^1]));
    }

    /// <summary>How even each step's routing was, and six looks at the held-out text on the way.</summary>
    private sealed record Course(List<double> MaxOverMean, List<int[]> MainExperts, List<RoutingStatistics> HeldOut);

    private Course Train(GateOptions gate)
    {
        DecoderOptions options = new() { Context = 32, Layers = 2, MixtureEvery = 2, Width = 32, Heads = 4, Hidden = 32, Experts = Experts, DenseHidden = 64, Routing = gate };
        ByteTokenizer tokenizer = new();
        TextCorpus text = TextCorpus.Split(GeneratedCorpus.Generate(0, 200_000).Source);
        TokenStream stream = TokenStream.Encode("training", tokenizer, text.Training);
        TokenStream heldOutStream = TokenStream.Encode("held out", tokenizer, text.HeldOut);
        using DecoderModel model = new(options, new Philox(1));
        foreach ((_, Module module) in model.Modules()) (module as Gate)?.Prepare(new TokenStatistics(stream.Tokens.ToArray(), options.Vocabulary));
        using Tensor ids = Tensor.From(heldOutStream.Tokens[..(64 * options.Context)].ToArray(), [64, options.Context]);
        Course course = new([], [], []);
        TrainingObserver observer = new()
        {
            Recorded = metrics =>
            {
                course.MaxOverMean.Add(metrics.Layers[0].MaxOverMean);
                if (metrics.Step % (Steps / 6) == 0) Look();
            },
        };
        RunFolder run = RunFolder.At(Path.Combine(_folder.Path, "run"));
        run.Start("{}");
        CausalTask task = new(model, tokenizer, new WindowSampler(stream, options.Context, 0), new EvaluationWindows(heldOutStream, options.Context), new LearningOptions { Batch = Batch });
        new Trainer(task, new TrainingPlan { Steps = Steps, LearningRate = new LearningRateSchedule { Peak = 4e-3, WarmUpSteps = 20 } }, run, observer).Run(TestContext.Current.CancellationToken);
        return course;

        void Look()
        {
            using TensorScope scope = new();
            using Gradients.Pause pause = Gradients.Paused();
            model.Train(false);
            Routing routing = model.Forward(ids).Routings.Single();
            model.Train();
            course.MainExperts.Add(routing.MainExperts());
            course.HeldOut.Add(routing.Statistics);
        }
    }
}

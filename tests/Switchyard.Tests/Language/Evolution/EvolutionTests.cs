using Switchyard.Experts;
using Switchyard.Experts.Evolution;
using Switchyard.Experts.Gates;
using Switchyard.Language;
using Switchyard.Language.Evaluations;
using Switchyard.Language.Evolution;
using Switchyard.Language.HuggingFace;
using Switchyard.Language.Runs;
using Switchyard.Language.Text;
using Switchyard.Language.Transformer;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;
using Switchyard.Tests.Training;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Language.Evolution;

/// <summary>One dense model becomes many experts while it trains.</summary>
[Collection(nameof(WorkerPool))]
public sealed class EvolutionTests : IDisposable
{
    private readonly EvolvingRun _runs = new();

    private static LanguageRunOptions Evolving => EvolvingRun.Options with { Phases = EvolvingRun.Short };

    public void Dispose() => _runs.Dispose();

    [Fact]
    public void Phases_follow_one_another_and_are_recorded()
    {
        _runs.Train("run", Evolving);
        IReadOnlyList<StepMetrics> metrics = _runs.Metrics("run");
        Assert.Equal([.. Enumerable.Repeat("dense", 4), .. Enumerable.Repeat("sparsify", 8), .. Enumerable.Repeat("hard", 8)], metrics.Select(static record => record.Phase));
        Assert.All(metrics.Take(4), static record => Assert.Empty(record.Layers));
        Assert.All(metrics.Skip(12), static record => Assert.Equal(1, Assert.Single(record.Layers).ActivePerToken));
        // The temperature falls from 2 towards 0.3 over the second phase, and is 0.3 in the third.
        for (int step = 4; step < 12; step++) Assert.Equal(2 * Math.Pow(0.3 / 2, (step - 4) / 8.0), metrics[step].Layers[0].Temperature!.Value, 1e-6);
        Assert.All(metrics.Skip(12), static record => Assert.Equal(0.3, record.Layers[0].Temperature!.Value, 1e-6));
        Assert.Equal(4, metrics[4].Layers[0].ActivePerToken!.Value, 0.05);
        // Every phase ends with an evaluation, and the learning rate does not notice.
        Assert.Equal([4L, 5, 10, 12, 15, 20], metrics.Where(static record => record.ValidationLoss is not null).Select(static record => record.Step));
        for (int i = 3; i < metrics.Count; i++) Assert.True(metrics[i].LearningRate < metrics[i - 1].LearningRate);
        Assert.All(metrics.Where(static record => record is { ValidationLoss: not null, Phase: not "dense" }), static record => Assert.NotNull(record.ValidationLayers![0].ExpertDistance));
    }

    [Fact]
    public void Operations_are_those_of_the_experts_at_work()
    {
        _runs.Train("run", Evolving);
        IReadOnlyList<StepMetrics> metrics = _runs.Metrics("run");
        double one = 6 * 3 * 16 * 24, dense = metrics[1].Flops!.Value - metrics[0].Flops!.Value, tokens = metrics[0].Tokens, router = 6 * 16 * 4;
        for (int i = 4; i < metrics.Count; i++)
            Assert.Equal(dense + tokens * (router + one * (metrics[i].Layers[0].ActivePerToken!.Value - 1)), metrics[i].Flops!.Value - metrics[i - 1].Flops!.Value, dense * 1e-9);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void A_run_that_dies_inside_a_phase_or_at_a_switch_comes_to_the_same_bits(int step)
    {
        _runs.Train("whole", Evolving);
        Assert.Throws<InvalidOperationException>(() => _runs.Train("broken", Evolving, new TrainingObserver { Recorded = metrics => { if (metrics.Step == step) throw new InvalidOperationException("killed"); } }));
        _runs.Resume("broken");
        TrainingRun.AssertSame(_runs.In("whole"), _runs.In("broken"), 20);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(12)]
    public void A_run_that_is_stopped_in_the_evaluation_before_a_switch_comes_to_the_same_bits(int step)
    {
        _runs.Train("whole", Evolving);
        using CancellationTokenSource cancellation = new();
        using (LanguageTraining training = _runs.Begin("broken", Evolving))
        {
            TrainingObserver observer = new() { Working = new Stopper(() => training.Folder.Checkpoints.All().Count >= step / 3 + step / 12, cancellation) };
            training.Run(observer, TimeProvider.System, cancellation.Token);
        }
        Assert.True(cancellation.IsCancellationRequested);
        _runs.Resume("broken");
        TrainingRun.AssertSame(_runs.In("whole"), _runs.In("broken"), 20);
    }

    [Fact]
    public void A_phase_with_another_kind_of_gate_goes_on_with_the_router_of_the_one_before()
    {
        // Next to nothing is learnt, so that a router which is drawn anew would show.
        LanguageRunOptions still = EvolvingRun.Options with { Learning = EvolvingRun.Options.Learning with { LearningRate = 1e-9 } };
        LanguagePhase[] soft = [.. EvolvingRun.Short.Take(2)];
        _runs.Train("soft", still with { Phases = [soft[0], soft[1] with { Until = null }] });
        _runs.Train("switch", still with { Phases = [.. soft, new() { Name = "hard", Routing = new SwitchOptions() }] });
        using LanguageRun expected = LanguageRun.Open(_runs.In("soft")), actual = LanguageRun.Open(_runs.In("switch"));
        Assert.IsType<SwitchGate>(actual.Model.Modules().Select(static module => module.Module).OfType<MoeLayer>().Single().Gate);
        foreach ((string name, Tensor weights) in actual.Model.Parameters())
        {
            float[] before = expected.Model.Parameters().Single(weight => weight.Name == name).Tensor.ToArray<float>(), after = weights.ToArray<float>();
            for (int i = 0; i < after.Length; i++) Assert.Equal(before[i], after[i], 1e-6f);
        }
    }

    [Fact]
    public void A_persistent_mask_stays()
    {
        LanguageRunOptions options = Evolving with { Phases = [.. EvolvingRun.Short.Select(static phase => phase with { Spawn = new SpawnOptions { Share = 0.4, Persistent = true } })] };
        _runs.Train("run", options);
        using LanguageRun run = LanguageRun.Open(_runs.In("run"));
        ExpertSpawner spawner = new(options.Phases[1].Spawn, options.Learning.Seed);
        foreach (string matrix in (string[])["gate_proj", "up_proj", "down_proj"])
        {
            Tensor weights = run.Model.Parameters().Single(weight => weight.Name == $"model.layers.1.mlp.experts.{matrix}").Tensor;
            float[] values = weights.ToArray<float>();
            Assert.Equal(spawner.MaskedPlaces("model.layers.1.mlp", matrix, weights.Shape), Enumerable.Range(0, values.Length).Where(i => values[i] == 0));
        }
    }

    [Fact]
    public void Copies_preserve_the_loss_and_masks_do_not()
    {
        foreach (SpawnMode mode in (SpawnMode[])[SpawnMode.Copy, SpawnMode.Mask])
        {
            List<PhaseEntry> entries = [];
            LanguageRunOptions options = Evolving with { Phases = [.. EvolvingRun.Short.Select(phase => phase with { Spawn = new SpawnOptions { Mode = mode, Share = 0.5 } })] };
            _runs.Train($"{mode}", options, new TrainingObserver { Entered = entries.Add });
            Assert.Equal([(4L, "sparsify"), (12, "hard")], entries.Select(static entry => (entry.Step, entry.Phase.Name)));
            Assert.Equal(mode == SpawnMode.Copy, entries[0].PreservesLoss);
            Assert.True(entries[0].After!.Value - entries[0].Before!.Value < 1, "a mask changes the loss, but not beyond recognition");
        }
    }

    [Fact]
    public void To_begin_with_a_dense_run_is_to_make_experts_of_it_in_place()
    {
        LanguageRunOptions dense = EvolvingRun.By("dense") with { Learning = EvolvingRun.Options.Learning with { Steps = 4, Decay = Switchyard.Modules.Schedules.Decay.Constant } };
        _runs.Train("dense", dense);
        LanguageRunOptions inPlace = Evolving with { Learning = dense.Learning with { Steps = 20 } };
        _runs.Train("in place", inPlace);
        using LanguageTraining extended = _runs.Begin("extended", inPlace with { From = _runs.In("dense") });
        Assert.Equal(["sparsify", "hard"], extended.Options.Phases.Select(static phase => phase.Name));
        float[][] expected = Tensors(Path.Combine(_runs.In("in place"), "checkpoints", "step-00000004"), extended.Options), actual = [.. extended.Model.Parameters().Select(static weight => weight.Tensor.ToArray<float>())];
        Assert.Equal(expected, actual);
        Assert.NotNull(extended.Extended);
    }

    [Fact]
    public void A_run_from_a_dense_one_needs_it_no_more_once_begun()
    {
        _runs.Train("dense", EvolvingRun.By("dense"));
        LanguageRunOptions options = EvolvingRun.By("evomoe-copy") with { From = _runs.In("dense") };
        using (LanguageTraining training = _runs.Begin("extended", options)) Assert.True(training.Extended!.PreservesLoss);
        Directory.Delete(_runs.In("dense"), recursive: true);
        TrainingResult result = _runs.Resume("extended");
        Assert.Equal(20, result.State.Step);
        Assert.Equal("sparsify", _runs.Metrics("extended")[0].Phase);
    }

    [Fact]
    public void A_dense_checkpoint_of_hugging_face_becomes_experts()
    {
        LanguageRunOptions dense = EvolvingRun.By("dense", EvolvingRun.Options with { Model = (DecoderOptions)EvolvingRun.Options.Model with { QueryKeyNorm = false } });
        _runs.Train("dense", dense);
        using (LanguageRun run = LanguageRun.Open(_runs.In("dense"))) HuggingFaceCheckpoint.Export(run.Model, run.Tokenizer, _runs.In("llama"));
        using LanguageTraining training = _runs.Begin("extended", EvolvingRun.By("evomoe-copy") with { From = _runs.In("llama") });
        Assert.True(training.Extended!.PreservesLoss);
        Assert.False(((DecoderOptions)training.Model.Options).QueryKeyNorm);
        training.Run(new(), TimeProvider.System, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_model_with_experts_is_no_beginning()
    {
        _runs.Train("sparse", EvolvingRun.By("switch"));
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => _runs.Begin("extended", EvolvingRun.By("evomoe") with { From = _runs.In("sparse") }));
        Assert.Contains("has experts already", failure.Message, StringComparison.Ordinal);
        Assert.Contains("no other phase", Assert.Throws<ArgumentException>(() => Extend("dense")).Message + " no other phase", StringComparison.Ordinal);

        void Extend(string recipe)
        {
            _runs.Train("dense", EvolvingRun.By("dense"));
            _runs.Begin("extended", EvolvingRun.By(recipe) with { From = _runs.In("dense") });
        }
    }

    [Fact]
    public void A_checkpoint_of_one_phase_is_not_loaded_into_the_model_of_another()
    {
        _runs.Train("run", Evolving);
        string path = Path.Combine(_runs.In("run"), "checkpoints", "step-00000020");
        using LanguageModel dense = Evolving.ModelIn(0).Make(new Philox(0));
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => Switchyard.Training.Checkpoints.Checkpoint.Open(path).Load(dense));
        Assert.Contains("model.layers.1.mlp.gate_proj.weight [24, 16] is missing", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_recipe_trains_and_its_run_opens()
    {
        foreach (Recipe recipe in RecipeCatalogue.All)
        {
            LanguageRunOptions options = EvolvingRun.By(recipe.Name) with { Learning = EvolvingRun.Options.Learning with { Steps = 8 } };
            _runs.Train(recipe.Name, options);
            using LanguageRun run = LanguageRun.Open(_runs.In(recipe.Name));
            Assert.Equal(recipe.Name, run.Options.Recipe);
            Assert.Equal(recipe.Phases.Count, run.Options.Phases.Count);
            Assert.Equal(recipe.Name == "dense", !run.Model.Options.HasExperts);
            Assert.Equal(LanguagePhaseJson.Write(recipe.Phases).ToJsonString(), LanguagePhaseJson.Write(run.Options.Phases).ToJsonString());
        }
    }

    [Fact]
    public void Recipes_begin_alike_in_all_but_experts_and_gates()
    {
        Dictionary<string, float[]> dense = Beginning("dense");
        foreach (string recipe in (string[])["switch", "base", "hash", "stablemoe", "evomoe-random"])
            foreach ((string name, float[] values) in Beginning(recipe))
                if (dense.TryGetValue(name, out float[]? expected)) Assert.Equal(expected, values);
                else Assert.Contains(".mlp.", name, StringComparison.Ordinal);

        Dictionary<string, float[]> Beginning(string recipe)
        {
            using LanguageTraining training = _runs.Begin(recipe, EvolvingRun.By(recipe));
            return training.Model.Parameters().ToDictionary(static weight => weight.Name, static weight => weight.Tensor.ToArray<float>());
        }
    }

    [Fact]
    public void The_hard_stage_is_exported_and_loads_back_to_the_same_loss()
    {
        foreach (string recipe in (string[])["evomoe", "evomoe-softmax"])
        {
            LanguageRunOptions options = EvolvingRun.By(recipe, EvolvingRun.Options with { Model = (DecoderOptions)EvolvingRun.Options.Model with { MixtureEvery = 1 } });
            _runs.Train(recipe, options);
            using LanguageRun run = LanguageRun.Open(_runs.In(recipe));
            HuggingFaceCheckpoint.Export(run.Model, run.Tokenizer, _runs.In($"{recipe} exported"));
            using LanguageRun loaded = LanguageRun.Open(_runs.In($"{recipe} exported"));
            TextSource text = TextSource.Load(_runs.Text);
            EvaluationWindows windows = new(TokenStream.Encode(text.Name, run.Tokenizer, text.Documents), run.Model.Options.Context);
            TextEvaluation expected = Evaluate(run.Causal), actual = Evaluate(loaded.Causal);
            Assert.Equal(expected.NatsPerToken, actual.NatsPerToken, 1e-6);
            Assert.Equal(expected.Layers[0].Load, actual.Layers[0].Load);

            TextEvaluation Evaluate(CausalModel model) => TextEvaluator.Evaluate(model, run.Tokenizer, windows, 8, cancellation: TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void A_gate_that_is_still_soft_is_not_exported()
    {
        LanguageRunOptions options = Evolving with { Model = (DecoderOptions)Evolving.Model with { MixtureEvery = 1 }, Phases = [.. EvolvingRun.Short.Take(2).Select(static phase => phase with { Until = phase.Dense ? 0.2 : null })] };
        _runs.Train("run", options);
        using LanguageRun run = LanguageRun.Open(_runs.In("run"));
        Assert.Contains("still soft", Assert.Throws<SwitchyardException>(() => HuggingFaceCheckpoint.Export(run.Model, run.Tokenizer, _runs.In("exported"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gate_that_looks_at_ids_is_not_exported()
    {
        _runs.Train("run", EvolvingRun.By("evomoe-token", EvolvingRun.Options with { Model = (DecoderOptions)EvolvingRun.Options.Model with { MixtureEvery = 1 } }));
        using LanguageRun run = LanguageRun.Open(_runs.In("run"));
        Assert.Contains("token ids", Assert.Throws<SwitchyardException>(() => HuggingFaceCheckpoint.Export(run.Model, run.Tokenizer, _runs.In("exported"))).Message, StringComparison.Ordinal);
    }

    private static float[][] Tensors(string checkpoint, LanguageRunOptions options)
    {
        using LanguageModel model = options.ModelIn(0).Make(new Philox(0));
        Switchyard.Training.Checkpoints.Checkpoint.Open(checkpoint).Load(model);
        return [.. model.Parameters().Select(static weight => weight.Tensor.ToArray<float>())];
    }

    private sealed class Stopper(Func<bool> condition, CancellationTokenSource cancellation) : IProgress<WorkProgress>
    {
        public void Report(WorkProgress value)
        {
            if (condition()) cancellation.Cancel();
        }
    }
}

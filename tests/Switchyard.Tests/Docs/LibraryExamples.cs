#region usings
using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Gates;
using Switchyard.Language;
using Switchyard.Language.Generation;
using Switchyard.Language.Runs;
using Switchyard.Language.Transformer;
using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;
using Switchyard.Training;
#endregion

namespace Switchyard.Tests.Docs;

/// <summary>The examples of docs/library.md: each region stands there word for word.</summary>
public sealed class LibraryExamples : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Gradients_flow_to_the_leaves()
    {
        #region gradients
        using TensorScope scope = new();
        Tensor x = Tensor.From([1f, 2f, 3f], [3]);
        x.RequiresGradient = true;

        Tensor y = (x * x * x).Sum(); // 1 + 8 + 27
        y.Backward(); // x.Gradient is 3x²: 3, 12, 27

        Tensor slope = Gradients.Of((x * x * x).Sum(), [x], createGraph: true)[0];
        Tensor curvature = Gradients.Of(slope.Sum(), [x])[0]; // 6x: 6, 12, 18
        #endregion
        Assert.Equal(36, y.ToDouble());
        Assert.Equal([3f, 12f, 27f], x.Gradient!.ToArray<float>());
        Assert.Equal([6f, 12f, 18f], curvature.ToArray<float>());
    }

    [Fact]
    public void A_scope_frees_what_is_not_kept()
    {
        #region scope
        Tensor mean;
        using (TensorScope scope = new())
        {
            Tensor numbers = Tensor.Normal([1000, 1000], 0, 1, new Philox(seed: 7));
            mean = scope.Keep(numbers.Mean([0], keepAxes: false)); // [1000]
        } // the million numbers are free again, the mean is not

        ReadOnlySpan<float> means = mean.AsReadOnlySpan<float>();
        #endregion
        Assert.Equal(1000, means.Length);
        Assert.All(means.ToArray(), value => Assert.InRange(value, -0.2f, 0.2f));
        mean.Dispose();
    }

    [Fact]
    public void A_layer_routes_works_and_combines()
    {
        #region layer
        Philox random = new(seed: 1);
        TopKGate gate = new(width: 32, experts: 8, new TopKOptions { TopK = 2, CapacityFactor = 1m }, random);
        FeedForwardBank bank = new(experts: 8, width: 32, hidden: 64, random);
        using MoeLayer layer = new(gate, bank);

        using TensorScope scope = new();
        Tensor tokens = Tensor.Normal([100, 32], 0, 1, random); // [tokens, width]
        (Tensor output, Routing routing) = layer.Forward(tokens, new RoutingContext(random));

        Tensor loss = output.Square().Mean() + routing.TotalLoss()!; // the gate's losses leave inside the routing
        loss.Backward();
        long dropped = routing.Statistics.Dropped; // of 200 pairs
        #endregion
        Assert.Equal([100, 32], output.Shape.ToArray());
        Assert.InRange(dropped, 1, 100);
        Assert.Equal(200, routing.TokenOf.Elements + dropped);
        Assert.All(layer.Parameters(), parameter => Assert.NotNull(parameter.Tensor.Gradient));
    }

    [Fact]
    public void A_gate_of_ones_own_decides_in_a_layer()
    {
        using MoeLayer layer = new(new TurnGate(4), new FeedForwardBank(experts: 4, width: 8, hidden: 16, new Philox(1)));
        using TensorScope scope = new();
        (Tensor output, Routing routing) = layer.Forward(Tensor.Normal([10, 8], 0, 1, new Philox(2)), default);
        Assert.Equal([10, 8], output.Shape.ToArray());
        Assert.Equal([0, 1, 2, 3, 0, 1, 2, 3, 0, 1], routing.MainExperts());
        Assert.Equal([3L, 3L, 2L, 2L], routing.Statistics.Load);
    }

    [Fact]
    public void A_model_learns_in_a_loop()
    {
        #region loop
        DecoderOptions options = new() { Context = 16, Layers = 1, Width = 32, Heads = 2, Hidden = 32, Experts = 4 };
        using DecoderModel model = new(options, new Philox(seed: 0));
        using AdamW optimiser = new(model.Parameters(), decay: new WeightDecay(0.1));
        int[] text = [.. "to be, or not to be"u8];
        List<double> losses = []; // nats per byte
        for (int step = 0; step < 30; step++)
        {
            using TensorScope scope = new(); // a step leaves nothing behind
            Tensor inputs = Tensor.From(text[..16], [1, 16]); // [batch, tokens]
            Tensor targets = Tensor.From(text[1..17], [16]); // [batch · tokens]
            LanguageModelOutput output = model.Forward(inputs, new Philox(seed: 1).Split((ulong)step));
            Tensor crossEntropy = Tensor.CrossEntropy(output.Logits.Reshape([16, options.Vocabulary]), targets);

            (crossEntropy + output.RoutingLoss()!).Backward();
            double norm = GradientNorm.Euclidean(optimiser.Parameters);
            optimiser.Step(learningRate: 0.01, GradientNorm.Clip(norm, limit: 1));
            optimiser.ClearGradients();
            losses.Add(crossEntropy.ToDouble());
        }
        #endregion
        Assert.InRange(losses[0], 5, 6);
        Assert.InRange(losses[^1], 0, 1);
    }

    [Fact]
    public void A_run_is_trained_and_read_back()
    {
        string book = _folder.Write("book.txt", [.. Enumerable.Repeat("the cat sat on the mat, and the dog lay on the log.\n"u8.ToArray(), 40).SelectMany(line => line)]);
        string folder = Path.Combine(_folder.Path, "run");
        DecoderOptions small = new() { Context = 16, Layers = 1, Width = 16, Heads = 2, Hidden = 8, Experts = 4 };
        #region run
        LearningOptions learning = new() { Steps = 20, Batch = 4 };
        List<double> losses = [];
        TrainingObserver observer = new() { Recorded = step => losses.Add(step.TrainLoss) };
        using (LanguageTraining training = LanguageTraining.Begin(folder, book, (data, bytes) =>
            LanguageRunOptions.For(data, bytes) with { Model = small, Learning = learning }))
        {
            training.Run(observer, TimeProvider.System, CancellationToken.None);
        }

        using LanguageRun run = LanguageRun.Open(folder);
        TextGenerator generator = new(run.Causal, new Sampler(new SamplingOptions { Temperature = 0.8 }, new Philox(seed: 3)));
        int[] continuation = [.. generator.Continue(run.Tokenizer.Encode("the cat")).Take(50)];
        string text = run.Tokenizer.Decode(continuation);
        #endregion
        Assert.NotEmpty(text);
        Assert.Equal(50, continuation.Length);
        Assert.Equal(20, losses.Count);
        Assert.Equal(20, run.State.Step);
    }
}

#region gate
/// <summary>Expert 0, 1, 2 ... in turn, each with weight 1.</summary>
internal sealed class TurnGate(int experts) : Gate(experts)
{
    public override Routing Route(Tensor tokens, RoutingContext context)
    {
        int count = tokens.Shape[0];
        int[] tokenOf = [.. Enumerable.Range(0, count).OrderBy(token => token % Experts)]; // grouped by expert
        long[] load = new long[Experts];
        foreach (int token in tokenOf) load[token % Experts]++;
        int[] offsets = new int[Experts + 1];
        for (int expert = 0; expert < Experts; expert++) offsets[expert + 1] = offsets[expert] + (int)load[expert];
        return new Routing(
            count,
            Tensor.From(tokenOf, [count]),
            Tensor.From(offsets, [Experts + 1]),
            Tensor.Full([count], 1),
            losses: [],
            new RoutingStatistics(load, Dropped: 0, TokenEntropy: 0));
    }
}
#endregion

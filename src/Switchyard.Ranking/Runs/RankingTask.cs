using Switchyard.Modules;
using Switchyard.Modules.Optimisers;
using Switchyard.Ranking.Data;
using Switchyard.Ranking.Embeddings;
using Switchyard.Ranking.Metrics;
using Switchyard.Ranking.Networks;
using Switchyard.Tensors;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Ranking.Runs;

/// <summary>Several predictions of one candidate, learnt from a log.</summary>
public sealed class RankingTask : TrainingTask
{
    private readonly RankingModel _model;
    private readonly RankingOptions _options;
    private readonly ExampleSource _examples;
    private readonly HeldOutExamples _heldOut;
    private readonly ExampleOrder _order;

    /// <summary>Makes a task.</summary>
    /// <param name="model">What learns.</param>
    /// <param name="options">How.</param>
    /// <param name="examples">What it learns from.</param>
    /// <param name="heldOut">What it is judged by.</param>
    public RankingTask(RankingModel model, RankingOptions options, ExampleSource examples, HeldOutExamples heldOut)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(examples);
        (_model, _options, _examples, _heldOut) = (model, options, examples, heldOut);
        _order = new ExampleOrder(examples.Count, options.Learning.Seed);
    }

    /// <inheritdoc/>
    public override Module Model => _model;

    /// <inheritdoc/>
    public override string ModelDescription =>
        $"{_options.Network.Kind}, {_model.Scorer.Layout.InputWidth} inputs, {_model.Scorer.Layout.Tasks} tasks, {_model.Parameters().Sum(static parameter => parameter.Tensor.Elements)} parameters, de-biasing {_options.Debiasing.Kind}";

    /// <inheritdoc/>
    public override long TokensPerMicroBatch => _options.Learning.Batch;

    /// <inheritdoc/>
    public override string Unit => "example";

    /// <inheritdoc/>
    public override Optimiser MakeOptimiser(TrainingPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return OptimiserOf(base.MakeOptimiser(plan), _model.Scorer, _options.Learning.Tables, _options.Learning.TableRate, _options.Learning.TableDecay);
    }

    /// <summary>An optimiser of matrices and, beside it, one of the rows of tables that a step touches.</summary>
    internal static Optimiser OptimiserOf(Optimiser dense, Scorer scorer, TableRule rule, double factor = 1, double decay = 0)
    {
        (string, EmbeddingTable)[] tables = [.. scorer.Tables.Select(static (table, i) => ($"{i}", table))];
        if (tables.Length == 0) return dense;
        return new OptimiserGroup([("dense", dense), ("tables", rule == TableRule.Adam ? new RowWiseAdam(tables, factor) { Decay = decay } : new RowWiseAdagrad(tables, factor) { Decay = decay })]);
    }

    /// <inheritdoc/>
    public override TaskLoss Loss(long microBatch, Philox random)
    {
        ArgumentNullException.ThrowIfNull(random);
        long[] rows = new long[_options.Learning.Batch];
        for (int i = 0; i < rows.Length; i++) rows[i] = _order.At(microBatch * rows.Length + i);
        (Tensor total, Tensor loss, ScorerOutput output) = _model.Loss(_examples.Batch(rows), random, microBatch);
        return new TaskLoss(total, loss.ToDouble(), rows.Length, [.. output.Network.Gates.Select(static (gate, i) => Metrics(i, Report(gate)))]);
    }

    /// <inheritdoc/>
    public override Evaluation Evaluate(IProgress<WorkProgress>? progress, CancellationToken cancellation)
        => RankingEvaluator.Evaluate(_model.Scorer, _heldOut, null, progress, cancellation);

    /// <summary>A gate's picture as the load of a layer: the mean weight of every expert.</summary>
    internal static LayerMetrics Metrics(int layer, GateReport gate) => new()
    {
        Layer = layer,
        Load = [.. gate.Mean],
        Entropy = gate.Mean.Count == 1 ? 1 : gate.MeanEntropy / Math.Log(gate.Mean.Count),
        DroppedFraction = 0,
        MaxOverMean = gate.Mean.Max() * gate.Mean.Count,
    };

    private static GateReport Report(GateDecision gate)
    {
        int rows = gate.Routing.Tokens;
        double[] mean = new double[gate.Routing.Experts];
        ReadOnlySpan<float> weights = gate.Routing.Weights.AsReadOnlySpan<float>();
        for (int expert = 0; expert < mean.Length; expert++) mean[expert] = System.Numerics.Tensors.TensorPrimitives.Sum(weights.Slice(expert * rows, rows)) / rows;
        return new GateReport(gate.Name, mean, gate.Routing.Statistics.TokenEntropy, double.NaN);
    }
}

namespace Switchyard.Training.Reports;

/// <summary>What was measured at one step of a training run: one line of <see cref="MetricsFile"/>.</summary>
public sealed record StepMetrics
{
    /// <summary>The number of optimiser steps done, from 1.</summary>
    public required long Step { get; init; }

    /// <summary>The number of tokens trained on so far.</summary>
    public required long Tokens { get; init; }

    /// <summary>The loss on the step's own batch, nats per token.</summary>
    public required double TrainLoss { get; init; }

    /// <summary>The learning rate of the step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The global norm of the gradients, before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>The throughput since the last record.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>The loss on the held-out text, nats per token; null where the step was not evaluated.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>More figures on the held-out data, under names of the task's own; null where there are none.</summary>
    public IReadOnlyDictionary<string, double>? Figures { get; init; }

    /// <summary>The phase that the step belongs to; null in a training that has but one.</summary>
    public string? Phase { get; init; }

    /// <summary>The floating-point operations of the training so far; null where they are not counted.</summary>
    public double? Flops { get; init; }

    /// <summary>The routing of each layer that has experts, in order of layer.</summary>
    public required IReadOnlyList<LayerMetrics> Layers { get; init; }

    /// <summary>The routing of the held-out text; null where the step was not evaluated.</summary>
    public IReadOnlyList<LayerMetrics>? ValidationLayers { get; init; }

    /// <summary>Where each rank's time went since the last record; null where there is one rank.</summary>
    public IReadOnlyList<RankMetrics>? Ranks { get; init; }
}

/// <summary>Where one rank's time went, per step.</summary>
public sealed record RankMetrics
{
    /// <summary>Seconds in which it computed.</summary>
    public required double ComputeSeconds { get; init; }

    /// <summary>Seconds in which data moved between ranks.</summary>
    public required double ExchangeSeconds { get; init; }

    /// <summary>Seconds in which it waited for other ranks.</summary>
    public required double WaitSeconds { get; init; }

    /// <summary>The means over all records of as many ranks as the last one has, which a resumed run need not always have had; empty where there is none.</summary>
    public static IReadOnlyList<RankMetrics> MeanOf(IReadOnlyList<StepMetrics> metrics)
    {
        IReadOnlyList<RankMetrics>[] records = [.. metrics.Select(static record => record.Ranks).OfType<IReadOnlyList<RankMetrics>>()];
        int ranks = records is [.., var last] ? last.Count : 0;
        records = [.. records.Where(of => of.Count == ranks)];
        return [.. Enumerable.Range(0, ranks).Select(rank => new RankMetrics
        {
            ComputeSeconds = records.Average(of => of[rank].ComputeSeconds),
            ExchangeSeconds = records.Average(of => of[rank].ExchangeSeconds),
            WaitSeconds = records.Average(of => of[rank].WaitSeconds),
        })];
    }
}

/// <summary>What one layer's gate did at one step.</summary>
public sealed record LayerMetrics
{
    /// <summary>The layer's number in the model, from 0.</summary>
    public required int Layer { get; init; }

    /// <summary>The share of the routed pairs that each expert got, [experts]; it sums to 1.</summary>
    public required double[] Load { get; init; }

    /// <summary>The entropy of the routing, divided by that of an even spread: 0 (one expert) to 1 (even).</summary>
    public required double Entropy { get; init; }

    /// <summary>The share of pairs that no expert had room for, 0 to 1.</summary>
    public required double DroppedFraction { get; init; }

    /// <summary>The largest expert's load divided by the mean load: 1 is even.</summary>
    public required double MaxOverMean { get; init; }

    /// <summary>How many experts a token has, on average over the tokens that have any; null where the gate does not pair them.</summary>
    public double? ActivePerToken { get; init; }

    /// <summary>The temperature of the gate; null where it has none.</summary>
    public double? Temperature { get; init; }

    /// <summary>
    /// How far the experts are from one another: 1 less the cosine of the angle between the weights of two, on average over
    /// all pairs; 0 for copies. Measured in evaluations only.
    /// </summary>
    public double? ExpertDistance { get; init; }

    /// <summary>
    /// The expert with the largest say in each of the first tokens of the held-out text, -1 for none: what moved between two
    /// evaluations. Measured in evaluations only.
    /// </summary>
    public int[]? MainExperts { get; init; }
}

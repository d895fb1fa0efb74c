namespace Switchyard.Collectives.Simulation;

/// <summary>A language model too large for one machine, by the numbers that decide what a training step costs.</summary>
public sealed record ProjectedModel
{
    /// <summary>Layers, each with a mixture.</summary>
    public int Layers { get; init; } = 60;

    /// <summary>Length of a hidden vector.</summary>
    public int Width { get; init; } = 7168;

    /// <summary>Inner width of an expert of three matrices.</summary>
    public int Hidden { get; init; } = 2048;

    /// <summary>Experts of a layer.</summary>
    public int Experts { get; init; } = 384;

    /// <summary>Experts of a token.</summary>
    public int TopK { get; init; } = 8;

    /// <summary>Tokens of a rank in a step.</summary>
    public int TokensPerRank { get; init; } = 8192;

    /// <summary>Bytes of a number that is exchanged.</summary>
    public int BytesPerNumber { get; init; } = 2;

    /// <summary>Numbers that are learnt by the experts.</summary>
    public double ExpertParameters => 3.0 * Layers * Experts * Width * Hidden;

    /// <summary>Numbers that are learnt by everything else: attention of four square matrices, a router and one shared expert per layer.</summary>
    public double SharedParameters => Layers * (4.0 * Width * Width + (double)Width * Experts + 3.0 * Width * Hidden);

    /// <summary>Numbers that work for one token.</summary>
    public double ActiveParameters => SharedParameters + ExpertParameters * TopK / Experts;

    /// <summary>What a rank sends in one exchange of one layer: every token once for each of its experts (B).</summary>
    public double ExchangedBytes => (double)TokensPerRank * TopK * Width * BytesPerNumber;
}

/// <summary>What a training step would take on a cluster, one expert-parallel group over all of it.</summary>
/// <param name="ComputeSeconds">6 operations per active parameter and token.</param>
/// <param name="ExchangeSeconds">Four exchanges per layer: there and back, forward and backward.</param>
/// <param name="ReduceSeconds">The gradients of what all ranks share, in a ring over the interfaces: 2·(N - 1)/N of their bytes.</param>
public readonly record struct StepProjection(double ComputeSeconds, double ExchangeSeconds, double ReduceSeconds)
{
    /// <summary>Where nothing is done at the same time.</summary>
    public double Seconds => ComputeSeconds + ExchangeSeconds + ReduceSeconds;

    /// <summary>Where exchanges hide behind computing as far as they can: the limit of overlap.</summary>
    public double SecondsOverlapped => Math.Max(ComputeSeconds, ExchangeSeconds + ReduceSeconds);

    /// <summary>Projects a step.</summary>
    /// <param name="model">What learns.</param>
    /// <param name="comparison">On what.</param>
    /// <param name="algorithm">How tokens are exchanged.</param>
    /// <param name="flopsPerRank">Operations that a rank does per second, as measured in training.</param>
    public static StepProjection Of(ProjectedModel model, ClusterComparison comparison, SimulatedAlgorithm algorithm, double flopsPerRank)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(comparison);
        ClusterModel cluster = comparison.Cluster;
        double compute = 6 * model.ActiveParameters * model.TokensPerRank / flopsPerRank;
        double exchange = 4 * model.Layers * comparison.Run(algorithm, model.ExchangedBytes).Seconds;
        double reduce = 2.0 * (cluster.Nodes - 1) / cluster.Nodes * model.SharedParameters * model.BytesPerNumber / cluster.NicBytesPerSecond;
        return new StepProjection(compute, exchange, reduce);
    }
}

namespace Switchyard.Collectives.Simulation;

/// <summary>The ways to exchange blocks between all ranks.</summary>
public enum SimulatedAlgorithm
{
    /// <summary>Every rank sends to every other.</summary>
    Flat,

    /// <summary>One rank of each node collects, exchanges with the others of its kind, and hands out (HetuMoE, arXiv 2203.14685).</summary>
    Leader,

    /// <summary>Inside the node first, then between ranks of equal place (Tutel, arXiv 2206.03382, 2DH).</summary>
    TwoDimensional,

    /// <summary>One copy of a token to each node, which hands it on inside.</summary>
    Deduplicated,
}

/// <summary>What the algorithms are called.</summary>
public static class SimulatedAlgorithms
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<SimulatedAlgorithm> All { get; } = Enum.GetValues<SimulatedAlgorithm>();

    /// <summary>The name that options and tables use.</summary>
    public static string Name(this SimulatedAlgorithm algorithm) => algorithm switch
    {
        SimulatedAlgorithm.Flat => "flat",
        SimulatedAlgorithm.Leader => "leader",
        SimulatedAlgorithm.TwoDimensional => "2dh",
        SimulatedAlgorithm.Deduplicated => "deduplicated",
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "no such algorithm"),
    };
}

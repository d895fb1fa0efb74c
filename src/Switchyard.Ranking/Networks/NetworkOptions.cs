using Switchyard.Experts.Gates;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Networks;

/// <summary>How the tasks share.</summary>
public enum NetworkKind
{
    /// <summary>A shared layer, experts above it, a gate per task (Zhao et al. 2019).</summary>
    Youtube,

    /// <summary>Experts on the input, a gate per task (Ma et al. 2018).</summary>
    Mmoe,

    /// <summary>Experts on the input, one gate for all tasks.</summary>
    Omoe,

    /// <summary>Experts of each task and shared ones, on one level (Tang et al. 2020).</summary>
    Cgc,

    /// <summary>The same on several levels.</summary>
    Ple,

    /// <summary>One network for all.</summary>
    SharedBottom,

    /// <summary>A network per task, mixed after every layer (Misra et al. 2016).</summary>
    CrossStitch,

    /// <summary>A network per task; nothing is shared.</summary>
    Separate,
}

/// <summary>The shape of a network and of the towers above it. What a kind does not have is without meaning for it.</summary>
public sealed record NetworkOptions
{
    /// <summary>How the tasks share.</summary>
    public NetworkKind Kind { get; init; } = NetworkKind.Youtube;

    /// <summary>The shared layers below the experts, of the YouTube network.</summary>
    public IReadOnlyList<int> SharedWidths { get; init; } = [64];

    /// <summary>All experts of MMoE, OMoE and the YouTube network.</summary>
    public int Experts { get; init; } = 8;

    /// <summary>Experts that each task has of its own, per level of CGC and PLE; of one number, all have as many.</summary>
    public IReadOnlyList<int> SpecificExperts { get; init; } = [2];

    /// <summary>Experts that are shared, per level of CGC and PLE.</summary>
    public int SharedExperts { get; init; } = 2;

    /// <summary>Levels of PLE.</summary>
    public int Levels { get; init; } = 2;

    /// <summary>The layers of an expert, of a bottom, or of a cross-stitched network.</summary>
    public IReadOnlyList<int> ExpertWidths { get; init; } = [32];

    /// <summary>The hidden layers of a tower.</summary>
    public IReadOnlyList<int> TowerWidths { get; init; } = [16];

    /// <summary>The gates' policy.</summary>
    public SoftOptions Gate { get; init; } = new() { Dropout = 0.1 };

    /// <summary>Whether every unit of a cross-stitched network has its own mixture.</summary>
    public bool StitchPerUnit { get; init; }

    /// <summary>Makes the network.</summary>
    /// <param name="width">Length of the input.</param>
    /// <param name="tasks">How many tasks.</param>
    /// <param name="random">Draws the initial weights.</param>
    /// <exception cref="ArgumentException">A size is not possible.</exception>
    public RankingNetwork Make(int width, int tasks, Philox random)
    {
        Check(tasks);
        int[] specific = SpecificExperts.Count == 1 ? [.. Enumerable.Repeat(SpecificExperts[0], tasks)] : [.. SpecificExperts];
        return Kind switch
        {
            NetworkKind.Youtube => new MultiGateMixture(width, SharedWidths, Experts, ExpertWidths, tasks, gatePerTask: true, Gate, random),
            NetworkKind.Mmoe => new MultiGateMixture(width, [], Experts, ExpertWidths, tasks, gatePerTask: true, Gate, random),
            NetworkKind.Omoe => new MultiGateMixture(width, [], Experts, ExpertWidths, tasks, gatePerTask: false, Gate, random),
            NetworkKind.Cgc => new LayeredExtraction(width, specific, SharedExperts, 1, ExpertWidths, Gate, random),
            NetworkKind.Ple => new LayeredExtraction(width, specific, SharedExperts, Levels, ExpertWidths, Gate, random),
            NetworkKind.CrossStitch => new CrossStitch(width, ExpertWidths, tasks, StitchPerUnit, random),
            _ => new Bottoms(width, ExpertWidths, tasks, Kind == NetworkKind.SharedBottom, random),
        };
    }

    private void Check(int tasks)
    {
        foreach (int size in (int[])[Experts, Levels, .. SharedWidths, .. ExpertWidths, .. TowerWidths])
            if (size < 1) throw new ArgumentException($"a network with {size} experts, levels or units: give 1 or more");
        if (ExpertWidths.Count == 0) throw new ArgumentException("an expert has no layer: give the width of one or more");
        if (SharedExperts < 0 || SpecificExperts.Any(static count => count < 0)) throw new ArgumentException("a number of experts is below 0");
        if (SpecificExperts.Count != 1 && SpecificExperts.Count != tasks) throw new ArgumentException($"{SpecificExperts.Count} numbers of experts for {tasks} tasks: give one for all, or one for each");
        Gate.Check(Experts);
    }
}

namespace Switchyard.Ranking.Simulation;

/// <summary>By what the pages of a log were sorted: wrong·(x·q) + relevance·r(x) + noise, the largest first.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Wrong">The weight of a score that has nothing to do with relevance.</param>
/// <param name="Relevance">The weight of the true relevance.</param>
/// <param name="Noise">The deviation of the noise.</param>
/// <param name="RandomPages">The share of pages in random order.</param>
public sealed record LoggingPolicy(string Name, double Wrong, double Relevance, double Noise, double RandomPages)
{
    /// <summary>The policies by name. De-biasing can help only where pages were sorted by a score that is wrong.</summary>
    public static IReadOnlyList<LoggingPolicy> All { get; } =
    [
        new("random", 0, 0, 1, 1),
        new("relevance", 0, 1, 0.5, 0),
        new("wrong", 1, 0.5, 0.1, 0),
        new("wrong-mixed", 1, 0.5, 0.1, 0.1),
        new("very-wrong", 3, 0.5, 0.1, 0.1),
    ];

    /// <summary>The policy of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static LoggingPolicy Find(string name)
        => All.FirstOrDefault(policy => policy.Name == name) ?? throw new ArgumentException($"there is no logging policy '{name}': choose {string.Join(", ", All.Select(static policy => policy.Name))}");
}

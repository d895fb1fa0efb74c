namespace Switchyard.Ranking.Simulation;

/// <summary>The worlds that can be simulated.</summary>
public enum World
{
    /// <summary>Pages of candidates that are looked at, clicked, liked and watched: see <see cref="RankingWorld"/>.</summary>
    Clicks,

    /// <summary>Two regression tasks whose correlation is chosen: see <see cref="SyntheticPair"/>.</summary>
    Synthetic,
}

/// <summary>What is simulated.</summary>
public sealed record SimulationOptions
{
    /// <summary>The world.</summary>
    public World World { get; init; } = World.Clicks;

    /// <summary>How people click.</summary>
    public ClickModel Clicks { get; init; } = ClickModel.Position;

    /// <summary>Pages of ten candidates that were logged; of the synthetic world, as many times ten examples.</summary>
    public int Pages { get; init; } = 22_000;

    /// <summary>By what they were sorted: the name of a <see cref="LoggingPolicy"/>.</summary>
    public string Policy { get; init; } = "wrong-mixed";

    /// <summary>How much liking goes with relevance, or one synthetic task with the other, -1 to 1: at -1 they want opposite things.</summary>
    public double Correlation { get; init; } = 0.5;

    /// <summary>Pages that are held out.</summary>
    public int HeldOutPages { get; init; } = 4_000;

    /// <summary>Decides the world and the log.</summary>
    public ulong Seed { get; init; }

    /// <summary>Checks that it is possible.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public void Check()
    {
        if (Pages < 1 || HeldOutPages < 1) throw new ArgumentException($"{Pages} pages and {HeldOutPages} held out: give 1 or more of both");
        if (!(Correlation is >= -1 and <= 1)) throw new ArgumentException($"a correlation of {Correlation}: give -1 to 1");
        _ = LoggingPolicy.Find(Policy);
    }
}

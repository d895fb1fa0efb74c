namespace Switchyard.Ranking.Simulation;

/// <summary>What is simulated.</summary>
public sealed record SimulationOptions
{
    /// <summary>Pages of ten candidates that were logged.</summary>
    public int Pages { get; init; } = 22_000;

    /// <summary>By what they were sorted: the name of a <see cref="LoggingPolicy"/>.</summary>
    public string Policy { get; init; } = "wrong-mixed";

    /// <summary>How much liking goes with relevance, -1 to 1: at -1 the two tasks want opposite things.</summary>
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

namespace Switchyard.Ranking.Features;

/// <summary>What a task predicts.</summary>
public enum TaskKind
{
    /// <summary>Yes or no, by cross-entropy.</summary>
    Binary,

    /// <summary>A number, by squared error.</summary>
    Regression,
}

/// <summary>One task of a schema: its label, and where it counts.</summary>
public sealed record TaskColumn
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it predicts.</summary>
    public TaskKind Kind { get; init; } = TaskKind.Binary;

    /// <summary>The column of the label; null for one of the task's name. An empty cell leaves the example out of the task.</summary>
    public string? Column { get; init; }

    /// <summary>The texts that mean yes; null where labels are the numbers 0 and 1.</summary>
    public IReadOnlyList<string>? Positive { get; init; }

    /// <summary>Another task, of yes and no, without which this one says nothing: a like without a click. Null for every example.</summary>
    public string? When { get; init; }

    /// <summary>The weight of its loss.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Whether ln(1 + label) is predicted.</summary>
    public bool Logarithm { get; init; }

    /// <summary>Whether the place on the page has a say in the label, as in clicks: what corrects position bias works on these tasks.</summary>
    public bool Biased { get; init; }

    /// <summary>The weight of its score in the sum, or its exponent in the product, by which candidates are ranked.</summary>
    public double ScoreWeight { get; init; } = 1;

    /// <summary>The column of the label.</summary>
    internal string Source => Column ?? Name;
}

/// <summary>Where an example stood on the page.</summary>
public sealed record PositionColumns
{
    /// <summary>The column of the position, from 1 at the top; an empty cell is a position that nobody knows.</summary>
    public required string Column { get; init; }

    /// <summary>The column of the device; null where there is one kind.</summary>
    public string? Device { get; init; }

    /// <summary>Positions from this on count as this one.</summary>
    public int Positions { get; init; } = 10;

    /// <summary>The devices; measured.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>A column that is 1 for rows whose page was in random order: from their clicks the propensities are measured. Null where there are none.</summary>
    public string? Random { get; init; }

    /// <summary>θ, the probability that each position is examined over that of the first, of each device [positions][devices]; measured where rows were in random order.</summary>
    public IReadOnlyList<IReadOnlyList<double>>? Propensities { get; init; }

    /// <summary>How many kinds of devices there are; unknown ones count as the first.</summary>
    internal int DeviceCount => Math.Max(1, Devices.Count);
}

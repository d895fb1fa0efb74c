namespace Switchyard.Collectives.AllToAll;

/// <summary>How much of each thing that takes time an exchange has, on the way that takes longest.</summary>
internal readonly record struct CostTerms
{
    /// <summary>Messages through a network card.</summary>
    public double BetweenMessages { get; init; }

    /// <summary>Bytes through a network card.</summary>
    public double BetweenBytes { get; init; }

    /// <summary>Messages inside a node.</summary>
    public double InsideMessages { get; init; }

    /// <summary>Bytes of them.</summary>
    public double InsideBytes { get; init; }

    /// <summary>Bytes copied into another order.</summary>
    public double CopiedBytes { get; init; }

    /// <summary>The terms in this order.</summary>
    public double[] ToArray() => [BetweenMessages, BetweenBytes, InsideMessages, InsideBytes, CopiedBytes];
}

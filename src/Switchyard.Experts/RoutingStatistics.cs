namespace Switchyard.Experts;

/// <summary>What a gate did with one batch.</summary>
/// <param name="Load">Chosen pairs of each expert, before dropping [experts].</param>
/// <param name="Dropped">Pairs that found no slot.</param>
/// <param name="TokenEntropy">Mean over tokens of the entropy of the router's probabilities, in nats.</param>
public sealed record RoutingStatistics(IReadOnlyList<long> Load, long Dropped, double TokenEntropy)
{
    /// <summary>Pairs chosen, kept or not.</summary>
    public long Pairs { get; } = Load.Sum();

    /// <summary>Tokens that chose any expert; 0 where tokens do not choose.</summary>
    public long Choosing { get; init; }

    /// <summary>Experts that a token chose, on average over those that chose any; null where tokens do not choose.</summary>
    public double? ActivePerToken => Choosing == 0 ? null : (double)Pairs / Choosing;

    /// <summary>Share of the chosen pairs that were dropped.</summary>
    public double DroppedFraction => Pairs == 0 ? 0 : (double)Dropped / Pairs;

    /// <summary>Share of the chosen pairs of all layers that were dropped.</summary>
    public static double DroppedFractionOf(IReadOnlyList<RoutingStatistics> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        return (double)layers.Sum(static layer => layer.Dropped) / Math.Max(1, layers.Sum(static layer => layer.Pairs));
    }

    /// <summary>The largest load over the mean load: 1 at perfect balance, the number of experts at collapse, 0 where nothing was routed.</summary>
    public double MaxOverMean => Pairs == 0 ? 0 : Load.Max() * (double)Load.Count / Pairs;

    /// <summary>Entropy of the load over ln(experts): 1 at perfect balance, 0 at collapse and where nothing was routed.</summary>
    public double LoadEntropy
    {
        get
        {
            if (Pairs == 0) return 0;
            if (Load.Count == 1) return 1;
            double sum = 0;
            for (int expert = 0; expert < Load.Count; expert++)
                if (Load[expert] > 0) sum -= Load[expert] / (double)Pairs * Math.Log(Load[expert] / (double)Pairs);
            return sum / Math.Log(Load.Count);
        }
    }

    /// <summary>The statistics of two batches of the same layer together.</summary>
    /// <param name="other">The other batch.</param>
    /// <param name="tokens">Tokens of this batch.</param>
    /// <param name="otherTokens">Tokens of the other.</param>
    public RoutingStatistics Plus(RoutingStatistics other, long tokens, long otherTokens)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new(
            Load.Zip(other.Load, static (a, b) => a + b).ToArray(),
            Dropped + other.Dropped,
            (TokenEntropy * tokens + other.TokenEntropy * otherTokens) / Math.Max(1, tokens + otherTokens))
        {
            Choosing = Choosing + other.Choosing,
        };
    }

    /// <summary>
    /// The share of tokens whose main expert is no longer the one it was: how much routing moved between two
    /// evaluations of the same text (StableMoE, arXiv 2204.08396, §2.2).
    /// </summary>
    /// <exception cref="ArgumentException">The two cover different numbers of tokens.</exception>
    public static double Fluctuation(ReadOnlySpan<int> before, ReadOnlySpan<int> after)
    {
        if (before.Length != after.Length) throw new ArgumentException($"{before.Length} tokens before and {after.Length} after: compare the same tokens");
        int moved = 0;
        for (int token = 0; token < before.Length; token++)
            if (before[token] != after[token]) moved++;
        return before.IsEmpty ? 0 : (double)moved / before.Length;
    }
}

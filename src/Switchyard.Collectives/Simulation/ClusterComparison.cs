namespace Switchyard.Collectives.Simulation;

/// <summary>Which algorithm is fastest from one size on.</summary>
/// <param name="From">Bytes per rank.</param>
/// <param name="Algorithm">The fastest from there to the next entry.</param>
public readonly record struct Crossover(double From, SimulatedAlgorithm Algorithm);

/// <summary>The four algorithms side by side on one cluster, for exchanges of equal parts.</summary>
/// <param name="Cluster">Its speeds.</param>
/// <param name="Crossing">The share of the bytes between nodes that de-duplication leaves; see <see cref="ExchangePlan.Crossing"/>.</param>
public sealed record ClusterComparison(ClusterModel Cluster, double Crossing)
{
    // Sizes between which crossovers are looked for, and how closely.
    private const double Smallest = 1 << 10, Largest = 1L << 32, Precision = 1.05;

    /// <summary>What one algorithm takes for so many bytes per rank.</summary>
    public SimulatedExchange Run(SimulatedAlgorithm algorithm, double bytes)
        => ExchangeSimulation.RunSymmetric(Cluster, ExchangePlan.Of(algorithm, Cluster, Payload.Even(Cluster, bytes), Crossing));

    /// <summary>The fastest for so many bytes per rank.</summary>
    public SimulatedAlgorithm Fastest(double bytes) => SimulatedAlgorithms.All.MinBy(algorithm => Run(algorithm, bytes).Seconds);

    /// <summary>
    /// Where the fastest algorithm changes, from a kilobyte per rank to four gigabytes, to a twentieth of the size. What
    /// changes and changes back within a doubling is not seen.
    /// </summary>
    public IReadOnlyList<Crossover> Crossovers()
    {
        List<Crossover> found = [new(0, Fastest(Smallest))];
        for (double size = Smallest; size < Largest; size *= 2)
        {
            SimulatedAlgorithm after = Fastest(size * 2);
            if (after == found[^1].Algorithm) continue;
            double low = size, high = size * 2;
            while (high / low > Precision)
            {
                double middle = Math.Sqrt(low * high);
                if (Fastest(middle) == found[^1].Algorithm) low = middle;
                else high = middle;
            }
            found.Add(new(high, after));
        }
        return found;
    }
}

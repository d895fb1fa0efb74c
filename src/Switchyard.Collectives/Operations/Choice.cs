using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Switchyard.Collectives.AllToAll;

namespace Switchyard.Collectives;

public abstract partial class ProcessGroup
{
    private const int SmallestProbe = 64, LargestProbe = 1 << 22, Growth = 8; // bytes of a block, bytes that a rank sends, from size to size
    private const int ProbeRounds = 3;
    private const double WarmSeconds = 0.05; // of an algorithm

    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(2);

    private readonly HashSet<(AllToAllAlgorithm, int)> _logged = [];

    /// <summary>What <see cref="Algorithm"/> says, for messages.</summary>
    internal string ChoiceOfAlgorithm => Algorithm?.Name ?? "automatic";

    /// <summary>Measures, for at most about two seconds, what exchanges cost here, and chooses by that from now on.</summary>
    /// <inheritdoc cref="Barrier"/>
    public CostModel Calibrate([CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        // On a group of its own, so that the traffic of this one stays what its user made.
        using ProcessGroup probe = Duplicate(member, file, line);
        List<(AllToAllAlgorithm, double, double)> measured = [];
        double spent = 0, last = 0, next = 0;
        for (int block = SmallestProbe; (long)block * Size <= LargestProbe && spent + next < ProbeTime.TotalSeconds; block *= Growth)
        {
            double once = 0; // every algorithm
            byte[] send = new byte[block * Size], receive = new byte[block * Size];
            foreach (AllToAllAlgorithm algorithm in Eligible(tokens: false))
            {
                probe.Algorithm = algorithm;
                // The first exchanges open connections, and run code that is compiled for good only after some calls.
                for (double warm = 0; block == SmallestProbe && warm < WarmSeconds;) warm += Slowest();
                double[] rounds = [.. Enumerable.Range(0, ProbeRounds).Select(_ => Slowest())];
                spent += rounds.Sum();

                // Connections carry their first large messages slowly: they learn how much may be under way at once.
                double least = rounds.Min();
                measured.Add((algorithm, send.Length, least));
                once += least;

                double Slowest()
                {
                    double[] seconds = [probe.Time(() => probe.AllToAll<byte>(send, receive, member, file, line), member, file, line)];
                    probe.AllReduce<double>(seconds, Reduction.Max, member, file, line);
                    return seconds[0];
                }
            }

            // As long as starts cost more than bytes, the next size takes about as long as this one.
            double growth = last == 0 ? 1 : Math.Clamp(once / last, 1, Growth);
            (last, next) = (once, ProbeRounds * once * growth);
        }

        byte[] from = new byte[LargestProbe], to = new byte[LargestProbe];
        double[] copies = [.. Enumerable.Range(0, ProbeRounds).Select(_ => probe.Time(() => from.CopyTo(to, 0), member, file, line))];
        probe.AllReduce<double>(copies, Reduction.Max, member, file, line);
        return CostModel = CostModel.Fit(Topology, copies.Min() / LargestProbe, measured);
    }

    /// <summary>Calibrates if that is still to be done and there will be a choice; before the call in which it is made.</summary>
    internal void EnsureCalibrated()
    {
        if (Algorithm is null && CostModel is null && Topology.Nodes > 1) Calibrate();
    }

    /// <summary>The algorithm that an exchange takes: the one that <see cref="Algorithm"/> names, or the cheapest by <see cref="CostModel"/>.</summary>
    /// <param name="volume">The bytes that all ranks send together.</param>
    /// <param name="copies">Copies of tokens between nodes as a share of the pairs that go there; null for blocks.</param>
    public AllToAllAlgorithm Choose(long volume, double? copies = null)
    {
        if (Algorithm is not null) return Algorithm;
        // On one node there is nothing to gather.
        if (CostModel is null) return AllToAllAlgorithm.Flat;
        double bytes = (double)volume / Size;
        (AllToAllAlgorithm Algorithm, double Seconds)[] costs = [.. Eligible(copies is not null).Select(algorithm => (algorithm, CostModel.Seconds(algorithm, Topology, bytes, copies ?? 1)))];
        AllToAllAlgorithm chosen = costs.MinBy(static cost => cost.Seconds).Algorithm;
        if (Log is not null && _logged.Add((chosen, (int)Math.Log2(bytes + 1))))
            Log(string.Create(CultureInfo.InvariantCulture, $"exchange of {bytes:N0} bytes per rank: {chosen} ({string.Join(", ", costs.Select(cost => $"{cost.Algorithm} {cost.Seconds * 1e3:g3} ms"))})"));
        return chosen;
    }

    private IEnumerable<AllToAllAlgorithm> Eligible(bool tokens) => AllToAllAlgorithm.All
        .Where(algorithm => tokens || algorithm != AllToAllAlgorithm.Deduplicated)
        .Where(algorithm => Topology.PerNode is not null || algorithm != AllToAllAlgorithm.TwoDimensional);

    private double Time(Action exchange, string member, string file, int line)
    {
        Barrier(member, file, line);
        long started = Stopwatch.GetTimestamp();
        exchange();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}

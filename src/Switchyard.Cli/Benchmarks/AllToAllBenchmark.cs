using System.Diagnostics;
using Switchyard.Collectives;
using Switchyard.Collectives.AllToAll;

namespace Switchyard.Cli.Benchmarks;

/// <summary>
/// Tokens dispatched over all ranks by every algorithm in turn. Routing is random and even: every rank sends every other
/// as many rows, so that messages have the sizes that theory gives, and the copies that one per node saves are those of
/// random choices.
/// </summary>
/// <param name="group">The ranks.</param>
/// <param name="topK">Choices of a token.</param>
internal sealed class AllToAllBenchmark(ProcessGroup group, int topK)
{
    /// <summary>Experts of a rank in <see cref="Saving"/>.</summary>
    public const int ExpertsPerRank = 8;

    private const int MostRounds = 51;
    private const double EnoughSeconds = 2;

    private const int Width = 256; // of float: rows of 1 KiB

    /// <summary>What one way to exchange took.</summary>
    /// <param name="Algorithm">Which; null for the choice of the model.</param>
    /// <param name="Seconds">The median over the rounds of the time of the slowest rank.</param>
    /// <param name="Between">What all ranks sent to other nodes in one exchange.</param>
    internal sealed record Measured(AllToAllAlgorithm? Algorithm, double Seconds, LinkTraffic Between);

    /// <summary>One size of exchange.</summary>
    /// <param name="Bytes">What every rank sends: whole rows, as many to every rank, at least what was asked for.</param>
    /// <param name="Saving">By which factor one copy of a token per node cuts what goes between nodes.</param>
    /// <param name="Chosen">What the model chose.</param>
    /// <param name="Algorithms">All algorithms that the topology allows, and the automatic choice at the end.</param>
    internal sealed record Size(long Bytes, double Saving, AllToAllAlgorithm Chosen, IReadOnlyList<Measured> Algorithms);

    /// <summary>
    /// By which factor one copy of a token per node cuts the bytes between nodes, there and back, for tokens that choose among
    /// eight experts of every rank; checks that the same bits arrive. Every rank calls it.
    /// </summary>
    /// <param name="choices">Experts of a token.</param>
    public double Saving(int choices)
    {
        const int Tokens = 2048, Narrow = 4;
        Random random = new(group.Rank);
        int[] experts = [.. Enumerable.Range(0, ExpertsPerRank * group.Size)];
        (int Token, int Rank)[] pairs = [.. Enumerable.Range(0, Tokens).SelectMany(token =>
        {
            random.Shuffle(experts);
            return experts.Take(choices).Select(expert => (Token: token, Rank: expert / ExpertsPerRank)).ToArray();
        }).OrderBy(static pair => pair.Rank)];
        nint[] perRank = [.. Enumerable.Range(0, group.Size).Select(rank => (nint)pairs.Count(pair => pair.Rank == rank))];
        TokenExchange exchange = new(group, Tokens, [.. pairs.Select(static pair => pair.Token)], perRank);
        float[] sent = [.. Enumerable.Range(0, Tokens * Narrow).Select(_ => random.NextSingle())];
        (long allBytes, float[] all) = Carry(AllToAllAlgorithm.Flat);
        (long bytes, float[] copies) = Carry(AllToAllAlgorithm.Deduplicated);
        return all.AsSpan().SequenceEqual(copies) ? (double)allBytes / bytes : throw new InvalidOperationException("one copy of a token per node brings other bits than a copy per pair");

        (long Bytes, float[] Arrived) Carry(AllToAllAlgorithm algorithm)
        {
            float[] rows = new float[exchange.Received * Narrow], sums = new float[sent.Length];
            group.Algorithm = algorithm;
            group.Traffic.Reset();
            exchange.Dispatch<float>(sent, rows, Narrow);
            exchange.Combine<float>(rows, sums, Narrow);
            long[] between = [group.Traffic.Between.Bytes];
            group.AllReduce<long>(between);
            group.Algorithm = null;
            return (between[0], [.. rows, .. sums]);
        }
    }

    /// <summary>Measures one size; every rank calls it.</summary>
    /// <param name="bytes">What every rank sends, at least.</param>
    /// <param name="rounds">Rounds at least, of which the median counts; one before them warms up and compares what arrives.</param>
    /// <param name="interrupted">Cancelled when the measurement shall end early.</param>
    public Size Measure(long bytes, int rounds, CancellationToken interrupted)
    {
        (int[] tokenOf, nint[] perRank) = Routing(bytes);
        int tokens = tokenOf.Length / topK;
        TokenExchange exchange = new(group, tokens, tokenOf, perRank);
        float[] sent = [.. Enumerable.Range(0, tokens * Width).Select(i => group.Rank + i * 1e-6f)], first = new float[tokenOf.Length * Width], received = new float[first.Length];

        AllToAllAlgorithm?[] ways = [.. AllToAllAlgorithm.All.Where(way => group.Topology.PerNode is not null || way != AllToAllAlgorithm.TwoDimensional), null];
        List<double>[] seconds = [.. ways.Select(static _ => new List<double>())];
        LinkTraffic[] traffic = new LinkTraffic[ways.Length];
        // Small exchanges take a few turns of the scheduler, more or fewer: they are measured more often.
        for (int round = -1; round < rounds || (round < MostRounds && seconds.Sum(static way => way.Sum()) < EnoughSeconds); round++)
        {
            for (int way = 0; way < ways.Length; way++)
            {
                interrupted.ThrowIfCancellationRequested();
                group.Algorithm = ways[way];
                float[] target = round < 0 && way == 0 ? first : received;
                (double slowest, LinkTraffic between) = Time(() => exchange.Dispatch<float>(sent, target, Width));
                if (round >= 0) seconds[way].Add(slowest);
                else if (!target.AsSpan().SequenceEqual(first)) throw new InvalidOperationException($"{ways[way]?.Name ?? "the automatic choice"} delivers other rows than {ways[0]}");
                else traffic[way] = between;
            }
        }

        group.Algorithm = null;
        long whole = (long)tokenOf.Length * Width * sizeof(float);
        return new Size(whole, exchange.Saving, group.Choose(whole * group.Size, 1 / exchange.Saving), [.. ways.Select((way, i) => new Measured(way, MatrixPeak.Median([.. seconds[i]]), traffic[i]))]);
    }

    // Every rank is chosen as often, in random order; a token takes the next few.
    private (int[] TokenOf, nint[] PerRank) Routing(long bytes)
    {
        // The number of pairs is a multiple of both the ranks and the choices.
        int step = group.Size * topK, pairs = checked((int)((bytes + Width * sizeof(float) * step - 1) / (Width * sizeof(float) * step))) * step;
        int[] chosen = [.. Enumerable.Range(0, pairs).Select(pair => pair % group.Size)];
        new Random(group.Rank).Shuffle(chosen);
        nint[] perRank = new nint[group.Size];
        Array.Fill(perRank, pairs / group.Size);
        return ([.. Enumerable.Range(0, pairs).OrderBy(pair => chosen[pair]).Select(pair => pair / topK)], perRank);
    }

    // The time of the slowest rank, and what all have sent.
    private (double Seconds, LinkTraffic Between) Time(Action exchange)
    {
        group.Traffic.Reset();
        group.Barrier();
        long started = Stopwatch.GetTimestamp();
        exchange();
        double[] seconds = [Stopwatch.GetElapsedTime(started).TotalSeconds];
        long[] sent = [group.Traffic.Between.Messages, group.Traffic.Between.Bytes];
        group.AllReduce<double>(seconds, Reduction.Max);
        group.AllReduce<long>(sent);
        return (seconds[0], new LinkTraffic(sent[0], sent[1]));
    }
}

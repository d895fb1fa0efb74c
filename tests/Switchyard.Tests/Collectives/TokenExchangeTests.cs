using Switchyard.Collectives;
using Switchyard.Collectives.AllToAll;

namespace Switchyard.Tests.Collectives;

/// <summary>Tokens reach the ranks of their pairs and sums return, the same bits for every algorithm; one copy per node saves what counting says.</summary>
public sealed class TokenExchangeTests
{
    private const int Width = 5;

    public static TheoryData<int[], int> PlacementsAndChoices
    {
        get
        {
            TheoryData<int[], int> data = [];
            foreach (int[] placement in (int[][])[[0], [0, 0, 0], [0, 1, 2], [0, 0, 1, 1], [0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 0, 1], [0, 0, 0, 1, 2, 2]])
                foreach (int choices in (int[])[1, 2, 4]) data.Add(placement, choices);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(PlacementsAndChoices))]
    public void Every_algorithm_brings_the_same_bits(int[] placement, int choices)
    {
        Topology topology = new(placement);
        Pairs[] all = [.. Enumerable.Range(0, topology.Size).Select(rank => Pairs.Draw(rank, topology.Size, choices))];
        foreach (AllToAllAlgorithm algorithm in AllToAllAlgorithm.All.Where(algorithm => topology.PerNode is not null || algorithm != AllToAllAlgorithm.TwoDimensional))
        {
            InProcessGroup.Run(topology, group =>
            {
                group.Algorithm = algorithm;
                Pairs mine = all[group.Rank];
                TokenExchange exchange = new(group, mine.Tokens, mine.TokenOf, mine.PerRank);
                float[] received = new float[exchange.Received * Width];
                exchange.Dispatch<float>(mine.Values, received, Width);
                Assert.Equal(all.SelectMany(pairs => pairs.RowsFor(group.Rank)), received);
                Assert.Equal(all.Select(pairs => pairs.PerRank[group.Rank]), exchange.ReceivedPerRank.ToArray());

                float[] sums = new float[mine.Tokens * Width];
                exchange.Combine<float>((float[])[.. received.Select(value => Answer(value, group.Rank))], sums, Width);
                Assert.Equal(mine.SumsByNode(topology), sums);

                int[] places = [.. Enumerable.Range(0, mine.TokenOf.Length)], there = new int[exchange.Received], back = new int[places.Length];
                exchange.SendPairs<int>(places, there, 1);
                exchange.ReturnPairs<int>(there, back, 1);
                Assert.Equal(places, back);
            });
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void One_copy_per_node_cuts_the_bytes_between_nodes_by_the_predicted_factor(int choices)
    {
        Topology topology = Topology.Uniform(2, 8);
        Pairs[] all = [.. Enumerable.Range(0, topology.Size).Select(rank => Pairs.Draw(rank, topology.Size, choices, tokens: 200))];
        long[] pairs = Bytes(AllToAllAlgorithm.TwoDimensional), copies = Bytes(AllToAllAlgorithm.Deduplicated);
        double saved = 0;
        InProcessGroup.Run(topology, group => saved = new TokenExchange(group, all[group.Rank].Tokens, all[group.Rank].TokenOf, all[group.Rank].PerRank).Saving);
        Assert.Equal((double)pairs.Sum() / copies.Sum(), saved, 1e-12);

        // Of k different ranks out of 16, so many of the other node's 8 in the mean, and at least one of them that often.
        double atLeastOne = 1 - Enumerable.Range(0, choices).Aggregate(1.0, static (none, i) => none * (8 - i) / (16 - i));
        Assert.InRange(saved, 0.97 * choices / 2 / atLeastOne, 1.03 * choices / 2 / atLeastOne);

        long[] Bytes(AllToAllAlgorithm algorithm)
        {
            long[] bytes = new long[topology.Size];
            InProcessGroup.Run(topology, group =>
            {
                group.Algorithm = algorithm;
                Pairs mine = all[group.Rank];
                TokenExchange exchange = new(group, mine.Tokens, mine.TokenOf, mine.PerRank);
                group.Traffic.Reset();
                exchange.Dispatch<float>(mine.Values, new float[exchange.Received * Width], Width);
                bytes[group.Rank] = group.Traffic.Between.Bytes;
            });
            return bytes;
        }
    }

    [Fact]
    public void Combining_is_the_adjoint_of_dispatching() => InProcessGroup.Run(Topology.Uniform(2, 3), group =>
    {
        group.Algorithm = AllToAllAlgorithm.Deduplicated;
        Pairs mine = Pairs.Draw(group.Rank, group.Size, 3);
        TokenExchange exchange = new(group, mine.Tokens, mine.TokenOf, mine.PerRank);
        long[] x = [.. mine.Values.Select(value => (long)(value * 100))], ax = new long[exchange.Received * Width];
        exchange.Dispatch<long>(x, ax, Width);
        long[] y = [.. ax.Select((_, i) => (long)((i * 31 + group.Rank) % 101 - 50))], aty = new long[x.Length];
        exchange.Combine<long>(y, aty, Width);
        long[] difference = [x.Zip(aty, static (a, b) => a * b).Sum() - ax.Zip(y, static (a, b) => a * b).Sum()];
        group.AllReduce<long>(difference);
        Assert.Equal(0, difference[0]);
    });

    [Fact]
    public void A_pair_without_a_token_is_refused() => InProcessGroup.Run(1, group =>
        Assert.Contains("no token 3", Assert.Throws<ArgumentException>(() => new TokenExchange(group, 3, [0, 3], [2])).Message, StringComparison.Ordinal));

    private static float Answer(float value, int rank) => value * (1 + 0.37f * rank);

    // The tokens of one rank, each paired with different ranks, in the order of the ranks. Rank 1 has none.
    private sealed record Pairs(int Rank, int Tokens, int[] TokenOf, nint[] PerRank, float[] Values)
    {
        public static Pairs Draw(int rank, int ranks, int choices, int tokens = 23)
        {
            Random random = new(rank);
            if (rank == 1 && tokens == 23) tokens = 0;
            (int Token, int Rank)[] pairs = [.. Enumerable.Range(0, tokens)
                .SelectMany(token => Enumerable.Range(0, ranks).OrderBy(_ => random.Next()).Take(choices).Select(to => (token, to)))
                .OrderBy(static pair => pair.to)];
            return new Pairs(
                rank, tokens, [.. pairs.Select(static pair => pair.Token)], [.. Enumerable.Range(0, ranks).Select(to => (nint)pairs.Count(pair => pair.Rank == to))],
                [.. Enumerable.Range(0, tokens * Width).Select(_ => random.NextSingle())]);
        }

        public IEnumerable<float> RowsFor(int to) => Places(to).SelectMany(place => Row(TokenOf[place]));

        // First what the ranks of a node give, in their order, then the nodes.
        public float[] SumsByNode(Topology topology)
        {
            float[] sums = new float[Tokens * Width];
            bool[] hasSum = new bool[Tokens];
            for (int node = 0; node < topology.Nodes; node++)
            {
                Dictionary<int, float[]> partial = [];
                foreach (int rank in topology.RanksOf(node))
                {
                    foreach (int place in Places(rank))
                    {
                        float[] answer = [.. Row(TokenOf[place]).Select(value => Answer(value, rank))];
                        if (!partial.TryAdd(TokenOf[place], answer)) partial[TokenOf[place]] = [.. partial[TokenOf[place]].Zip(answer, static (a, b) => a + b)];
                    }
                }

                foreach ((int token, float[] row) in partial)
                {
                    for (int i = 0; i < Width; i++) sums[token * Width + i] = hasSum[token] ? sums[token * Width + i] + row[i] : row[i];
                    hasSum[token] = true;
                }
            }

            return sums;
        }

        private IEnumerable<int> Places(int rank)
        {
            int first = (int)PerRank.Take(rank).Sum(static count => (long)count);
            return Enumerable.Range(first, (int)PerRank[rank]);
        }

        private float[] Row(int token) => Values[(token * Width)..((token + 1) * Width)];
    }
}

using FsCheck;
using FsCheck.Fluent;
using Switchyard.Collectives;
using Switchyard.Collectives.AllToAll;

namespace Switchyard.Tests.Collectives;

/// <summary>Every algorithm delivers what a plain transposition of blocks does, on any placement of ranks, with the messages that theory counts.</summary>
public sealed class AllToAllTests
{
    private static readonly int[] Extents = [1, 2, 3, 4, 5, 8];

    public static TheoryData<string, int, int> Grids
    {
        get
        {
            TheoryData<string, int, int> data = [];
            foreach (AllToAllAlgorithm algorithm in AllToAllAlgorithm.All)
                foreach (int nodes in Extents)
                    foreach (int perNode in Extents)
                        if (nodes * perNode <= 24 || (nodes, perNode) is (5, 8) or (8, 5)) data.Add(algorithm.Name, nodes, perNode);
            return data;
        }
    }

    public static TheoryData<string> Algorithms => [.. AllToAllAlgorithm.All.Select(static algorithm => algorithm.Name)];

    [Theory]
    [MemberData(nameof(Grids))]
    public void Equal_blocks_arrive_transposed(string name, int nodes, int perNode)
    {
        int size = nodes * perNode;
        InProcessGroup.Run(Topology.Uniform(nodes, perNode), group =>
        {
            group.Algorithm = AllToAllAlgorithm.Find(name);
            int[] send = [.. Enumerable.Range(0, 3 * size).Select(i => 1000 * (group.Rank * size + i / 3) + i % 3)], receive = new int[3 * size];
            group.AllToAll<int>(send, receive);
            Assert.Equal(Enumerable.Range(0, 3 * size).Select(i => 1000 * (i / 3 * size + group.Rank) + i % 3), receive);
        });
    }

    [Theory]
    [MemberData(nameof(Grids))]
    public void Messages_and_bytes_are_those_of_the_table(string name, int nodes, int perNode)
    {
        const int Block = 12;
        int size = nodes * perNode, bytes = Block * size;
        Traffic[] traffic = new Traffic[size];
        InProcessGroup.Run(Topology.Uniform(nodes, perNode), group =>
        {
            group.Algorithm = AllToAllAlgorithm.Find(name);
            group.AllToAll<byte>(new byte[bytes], new byte[bytes]);
            traffic[group.Rank] = group.Traffic;
        });
        for (int node = 0; node < nodes; node++)
        {
            Traffic[] own = traffic[(node * perNode)..((node + 1) * perNode)];
            int messages = name switch { "flat" => (nodes - 1) * perNode * perNode, "leader" => nodes - 1, _ => (nodes - 1) * perNode };
            Assert.Equal(messages, own.Sum(static rank => rank.Between.Messages));
            Assert.Equal(perNode * bytes * (nodes - 1) / nodes, own.Sum(static rank => rank.Between.Bytes));
            Assert.All(own, rank => Assert.Equal(0, rank.Control.Messages));
            switch (name)
            {
                case "flat":
                    Assert.All(own, rank => Assert.Equal((perNode - 1) * Block, rank.Inside.Bytes));
                    break;
                case "leader":
                    Assert.Equal(2 * (perNode - 1) * bytes, own.Sum(static rank => rank.Inside.Bytes));
                    break;
                default:
                    Assert.All(own, rank => Assert.Equal((perNode - 1, (perNode - 1) * bytes / perNode), (rank.Inside.Messages, rank.Inside.Bytes)));
                    break;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Blocks_of_any_length_arrive_on_any_placement(string name) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(25),
        Prop.ForAll(Placements(uneven: name != "2dh").ToArbitrary(), placement =>
        {
            (Topology topology, nint[][] counts) = placement;
            InProcessGroup.Run(topology, group =>
            {
                group.Algorithm = AllToAllAlgorithm.Find(name);
                Assert.Equal(Expected(counts, group.Rank), Exchange(group, counts, Sent(counts, group.Rank)));
            });
        }));

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void An_exchange_and_its_transpose_are_adjoint_and_inverse(string name) => InProcessGroup.Run(Topology.Uniform(3, 2), group =>
    {
        group.Algorithm = AllToAllAlgorithm.Find(name);
        nint[][] counts = [.. Enumerable.Range(0, 6).Select(from => Enumerable.Range(0, 6).Select(to => (nint)((from * 5 + to * 3) % 4)).ToArray())];
        nint[][] transposed = [.. Enumerable.Range(0, 6).Select(from => Enumerable.Range(0, 6).Select(to => counts[to][from]).ToArray())];
        int[] x = Sent(counts, group.Rank), ax = Exchange(group, counts, x);
        int[] y = [.. ax.Select((_, i) => (i * 31 + group.Rank * 17) % 101 - 50)], aty = Exchange(group, transposed, y);
        Assert.Equal(x, Exchange(group, transposed, ax));
        long[] products = [x.Zip(aty, static (a, b) => (long)a * b).Sum() - ax.Zip(y, static (a, b) => (long)a * b).Sum()];
        group.AllReduce<long>(products);
        Assert.Equal(0, products[0]);
    });

    [Fact]
    public void Nodes_of_different_size_are_refused_where_they_do_not_work() => InProcessGroup.Run(new Topology([0, 0, 1]), group =>
    {
        group.Algorithm = AllToAllAlgorithm.TwoDimensional;
        ArgumentException refused = Assert.Throws<ArgumentException>(() => group.AllToAll<int>(new int[3], new int[3]));
        Assert.Contains("2 + 1", refused.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void The_stages_of_two_by_two_are_those_of_the_paper_and_not_those_of_the_old_defect()
    {
        IEnumerable<string> back = Leader.TransformedBack(Topology.Uniform(2, 2), 0).Select(static block => $"{block.From}{block.To}");
        Assert.Equal("00 10 20 30 01 11 21 31", string.Join(' ', back));
    }

    private static int[] Exchange(ProcessGroup group, nint[][] counts, int[] send)
    {
        nint[] sends = counts[group.Rank], receives = [.. counts.Select(row => row[group.Rank])];
        int[] receive = new int[receives.Sum(static count => (long)count)];
        group.AllToAllV<int>(send, sends, receive, receives);
        return receive;
    }

    private static int[] Sent(nint[][] counts, int rank) => [.. counts[rank].SelectMany((count, to) => Enumerable.Range(0, (int)count).Select(i => Mark(rank, to, i)))];

    private static int[] Expected(nint[][] counts, int rank) => [.. counts.SelectMany((row, from) => Enumerable.Range(0, (int)row[rank]).Select(i => Mark(from, rank, i)))];

    private static int Mark(int from, int to, int place) => (from * 100 + to) * 1000 + place;

    // Ranks dealt out to nodes in any way, and counts with many zeros, empty ranks and one that everybody sends to.
    private static Gen<(Topology Topology, nint[][] Counts)> Placements(bool uneven) =>
        from nodes in Gen.Choose(1, 4)
        from perNode in Gen.Choose(1, 3)
        from extra in Gen.Choose(0, uneven ? 2 : 0)
        from order in Gen.Shuffle(Enumerable.Range(0, nodes * perNode + extra).Select(rank => rank % nodes).ToArray())
        from hot in Gen.Choose(0, order.Length - 1)
        from counts in Gen.ArrayOf(Gen.Frequency((3, Gen.Constant(0)), (2, Gen.Choose(1, 6))), order.Length * order.Length)
        from silent in Gen.Choose(0, order.Length - 1)
        select (new Topology(order), Matrix(order.Length, hot, silent, counts));

    private static nint[][] Matrix(int size, int hot, int silent, int[] counts) =>
        [.. Enumerable.Range(0, size).Select(row => Enumerable.Range(0, size).Select(to => row == silent ? 0 : to == hot ? (nint)20 : counts[row * size + to]).ToArray())];
}

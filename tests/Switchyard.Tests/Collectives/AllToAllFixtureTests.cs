using System.Text.Json.Nodes;
using Switchyard.Collectives;
using Switchyard.Collectives.AllToAll;

namespace Switchyard.Tests.Collectives;

/// <summary>The layouts of every case of alltoall.json: what arrives, in which order, and what lies where after each step.</summary>
[Trait("Category", "Fixtures")]
public sealed class AllToAllFixtureTests
{
    public static IEnumerable<TheoryDataRow<string>> Vectors => Cases("vectors", static one => (string)one["name"]!);

    public static IEnumerable<TheoryDataRow<string>> Grids => Cases("hierarchical", static one => $"{one["nodes"]} x {one["per_node"]}");

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Rows_arrive_by_source(string text)
    {
        JsonNode one = Parse(text);
        int ranks = (int)one["ranks"]!;
        int[][] sends = Table(one["send_counts"]!), expected = Table(one["source_major"]!);
        int[] first = Row(one["first_row_of_rank"]!);
        foreach (AllToAllAlgorithm algorithm in AllToAllAlgorithm.All)
        {
            InProcessGroup.Run(Placement(ranks), group =>
            {
                group.Algorithm = algorithm;
                int[] rows = [.. Enumerable.Range(first[group.Rank], first[group.Rank + 1] - first[group.Rank])];
                nint[] counts = [.. sends[group.Rank].Select(static count => (nint)count)], come = new nint[ranks];
                group.AllToAll<nint>(counts, come);
                Assert.Equal(Row(one["receive_counts"]![group.Rank]!), come.Select(static count => (int)count));
                int[] received = new int[come.Sum(static count => (long)count)];
                group.AllToAllV<int>(rows, counts, received, come);
                Assert.Equal(expected[group.Rank], received);
            });
        }
    }

    [Theory]
    [MemberData(nameof(Grids))]
    public void Every_step_lays_blocks_as_it_should(string text)
    {
        JsonNode one = Parse(text);
        (int nodes, int perNode) = ((int)one["nodes"]!, (int)one["per_node"]!);
        Topology topology = Topology.Uniform(nodes, perNode);
        int size = topology.Size;

        Func<Topology, int, IEnumerable<(int From, int To)>>[] leader = [Leader.Gathered, Leader.Transformed, Leader.Exchanged, Leader.TransformedBack];
        foreach ((var step, (string _, JsonNode? expected)) in leader.Zip(one["leader"]!.AsObject()))
            for (int node = 0; node < nodes; node++) Assert.Equal(Row(expected![node]!), step(topology, node).Select(Number));

        Func<Topology, int, IEnumerable<(int From, int To)>>[] twoDimensional = [TwoDimensional.Copied, TwoDimensional.ExchangedInside, TwoDimensional.CopiedAgain, TwoDimensional.ExchangedBetween];
        foreach ((var step, (string _, JsonNode? expected)) in twoDimensional.Zip(one["two_dimensional"]!.AsObject()))
            for (int rank = 0; rank < size; rank++) Assert.Equal(Row(expected![rank]!), step(topology, rank).Select(Number));

        int[][] flat = Table(one["flat"]!);
        foreach (AllToAllAlgorithm algorithm in AllToAllAlgorithm.All)
        {
            Traffic[] traffic = new Traffic[size];
            InProcessGroup.Run(topology, group =>
            {
                group.Algorithm = algorithm;
                int[] received = new int[size];
                group.AllToAll<int>((int[])[.. Enumerable.Range(0, size).Select(to => group.Rank * size + to)], received);
                Assert.Equal(flat[group.Rank], received);
                traffic[group.Rank] = group.Traffic;
            });
            string key = algorithm == AllToAllAlgorithm.Flat ? "flat" : algorithm == AllToAllAlgorithm.Leader ? "leader" : "two_dimensional";
            int messages = (int)one["messages_leaving_a_node"]![key]!;
            Assert.Equal(messages * nodes, traffic.Sum(static rank => rank.Between.Messages));
            Assert.Equal((long)messages * nodes * (int)one["blocks_per_message"]![key]! * sizeof(int), traffic.Sum(static rank => rank.Between.Bytes));
        }

        int Number((int From, int To) block) => block.From * size + block.To;
    }

    [Theory]
    [MemberData(nameof(Grids))]
    public void Blocks_of_any_length_make_messages_of_the_stated_sizes(string text)
    {
        JsonNode one = Parse(text);
        (int nodes, int perNode) = ((int)one["nodes"]!, (int)one["per_node"]!);
        int[][] counts = Table(one["variable"]!["counts"]!);
        Assert.Equal(Between(Table(one["variable"]!["leader_sizes"]!)), Sent(AllToAllAlgorithm.Leader));
        Assert.Equal(one["variable"]!["between_node_sizes"]!.AsArray().Sum(local => Between(Table(local!))), Sent(AllToAllAlgorithm.TwoDimensional));

        long Sent(AllToAllAlgorithm algorithm)
        {
            long[] sent = new long[nodes * perNode];
            InProcessGroup.Run(Topology.Uniform(nodes, perNode), group =>
            {
                group.Algorithm = algorithm;
                nint[] sends = [.. counts[group.Rank].Select(static count => (nint)count)], receives = [.. counts.Select(row => (nint)row[group.Rank])];
                byte[] rows = new byte[sends.Sum(static count => (long)count)], received = new byte[receives.Sum(static count => (long)count)];
                Array.Fill(rows, (byte)group.Rank);
                group.AllToAllV<byte>(rows, sends, received, receives);
                Assert.Equal(receives.SelectMany((count, source) => Enumerable.Repeat((byte)source, (int)count)), received);
                sent[group.Rank] = group.Traffic.Between.Bytes;
            });
            return sent.Sum();
        }
    }

    private static long Between(int[][] sizes) => sizes.Select((row, from) => row.Where((_, to) => to != from).Sum(static count => (long)count)).Sum();

    // Two nodes where that is possible, so that there is something to go between.
    private static Topology Placement(int ranks) => ranks % 2 == 0 ? Topology.Uniform(2, ranks / 2) : Topology.Uniform(ranks, 1);

    private static IEnumerable<TheoryDataRow<string>> Cases(string kind, Func<JsonNode, string> name) => Fixtures.Find("moe", "alltoall.json") is { } path
        ? [.. JsonNode.Parse(File.ReadAllText(path))![kind]!.AsArray().Select(one => new TheoryDataRow<string>(one!.ToJsonString()) { TestDisplayName = $"alltoall.json {kind} {name(one)}" })]
        : [new TheoryDataRow<string>("") { TestDisplayName = $"alltoall.json {kind}" }];

    private static JsonNode Parse(string text)
    {
        Fixtures.Require("moe", "alltoall.json");
        return JsonNode.Parse(text)!;
    }

    private static int[][] Table(JsonNode rows) => [.. rows.AsArray().Select(row => Row(row!))];

    private static int[] Row(JsonNode row) => [.. row.AsArray().Select(static value => (int)value!)];
}

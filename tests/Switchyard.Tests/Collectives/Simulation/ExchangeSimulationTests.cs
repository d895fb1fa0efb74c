using Switchyard.Collectives.Simulation;

namespace Switchyard.Tests.Collectives.Simulation;

public sealed class ExchangeSimulationTests
{
    private const double Bytes = 3e6;

    public static TheoryData<int, int> Shapes => new() { { 1, 4 }, { 2, 2 }, { 2, 3 }, { 3, 2 }, { 4, 8 }, { 8, 4 }, { 5, 1 }, { 8, 8 } };

    /// <summary>§4: flat, leader and 2DH without congestion, from the formulas and nothing else.</summary>
    [Theory]
    [MemberData(nameof(Shapes))]
    public void Without_congestion_times_are_the_closed_forms(int nodes, int perNode)
    {
        ClusterModel cluster = Cluster(nodes, perNode);
        (double n, double g) = (nodes, perNode);
        double ax = cluster.NicSecondsPerMessage, bx = 1 / cluster.NicBytesPerSecond, ai = cluster.IntraSecondsPerMessage, bi = 1 / cluster.IntraBytesPerSecond, m = 1 / cluster.CopyBytesPerSecond;
        double inside = (g - 1) * (ai + Bytes / (n * g) * bi); // hidden behind the network where there is one
        Close(Math.Max(inside, (n - 1) * g * g * ax + (n - 1) / n * g * Bytes * bx), SimulatedAlgorithm.Flat);
        Close(2 * (g - 1) * (ai + Bytes * bi) + 2 * g * Bytes * m + (n - 1) * ax + (n - 1) / n * g * Bytes * bx, SimulatedAlgorithm.Leader);
        Close(2 * Bytes * m + (g - 1) * (ai + Bytes / g * bi) + (n - 1) * g * ax + (n - 1) / n * g * Bytes * bx, SimulatedAlgorithm.TwoDimensional);

        void Close(double expected, SimulatedAlgorithm algorithm)
            => Assert.Equal(expected, ExchangeSimulation.Run(cluster, Plan(algorithm, cluster)).Seconds, expected * 1e-9);
    }

    /// <summary>The worked example of §4: 12.5 GB/s between nodes, 12 GB/s inside, 10 and 5 µs, 300 GB/s copies, 8 ranks per node.</summary>
    [Theory]
    [InlineData(4, 16.0, 10.0, 28.6, 9.7)]
    [InlineData(8, 16.0, 13.9, 30.0, 11.3)]
    [InlineData(8, 1.0, 5.1, 2.0, 1.3)]
    public void The_worked_example_comes_out(int nodes, double mebibytes, double flat, double leader, double twoDimensional)
    {
        ClusterModel cluster = Cluster(nodes, 8);
        ClusterComparison comparison = new(cluster, 1);
        double bytes = mebibytes * (1 << 20);
        Assert.Equal(flat, comparison.Run(SimulatedAlgorithm.Flat, bytes).Seconds * 1e3, 0.1);
        Assert.Equal(leader, comparison.Run(SimulatedAlgorithm.Leader, bytes).Seconds * 1e3, 0.1);
        Assert.Equal(twoDimensional, comparison.Run(SimulatedAlgorithm.TwoDimensional, bytes).Seconds * 1e3, 0.1);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void One_node_stands_for_all_where_they_are_alike(int nodes, int perNode)
    {
        ClusterModel cluster = Cluster(nodes, perNode);
        foreach (SimulatedAlgorithm algorithm in SimulatedAlgorithms.All)
        {
            SimulatedExchange all = ExchangeSimulation.Run(cluster, Plan(algorithm, cluster)), one = ExchangeSimulation.RunSymmetric(cluster, Plan(algorithm, cluster));
            Assert.Equal(all.Seconds, one.Seconds, all.Seconds * 1e-9);
            Assert.Equal(all.MessagesBetweenNodes, one.MessagesBetweenNodes);
            Assert.Equal(all.BytesBetweenNodes, one.BytesBetweenNodes, 1);
            Assert.Equal(all.BytesSent, nodes * one.BytesSent, 1);
        }
    }

    /// <summary>The table of §4.</summary>
    [Theory]
    [MemberData(nameof(Shapes))]
    public void Messages_and_bytes_between_nodes_are_those_of_the_table(int nodes, int perNode)
    {
        ClusterModel cluster = Cluster(nodes, perNode);
        double leaving = perNode * Bytes * (nodes - 1) / nodes;
        foreach ((SimulatedAlgorithm algorithm, int messages) in ((SimulatedAlgorithm, int)[])[
            (SimulatedAlgorithm.Flat, (nodes - 1) * perNode * perNode), (SimulatedAlgorithm.Leader, nodes - 1), (SimulatedAlgorithm.TwoDimensional, (nodes - 1) * perNode)])
        {
            SimulatedExchange exchange = ExchangeSimulation.RunSymmetric(cluster, Plan(algorithm, cluster));
            Assert.Equal(messages, exchange.MessagesBetweenNodes);
            Assert.Equal(leaving, exchange.BytesBetweenNodes, 1);
        }
    }

    [Fact]
    public void What_is_sent_arrives_whatever_the_counts()
    {
        Random random = new(7);
        for (int trial = 0; trial < 20; trial++)
        {
            ClusterModel cluster = Cluster(random.Next(1, 5), random.Next(1, 5));
            double[,] bytes = new double[cluster.Ranks, cluster.Ranks];
            foreach (ref double entry in System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref bytes[0, 0], bytes.Length)) entry = random.Next(3) == 0 ? 0 : random.Next(100_000);
            Payload payload = Payload.Of(cluster, bytes);
            foreach (SimulatedAlgorithm algorithm in SimulatedAlgorithms.All)
            {
                SimulatedExchange exchange = ExchangeSimulation.Run(cluster, ExchangePlan.Of(algorithm, cluster, payload));
                Assert.Equal(exchange.BytesSent, exchange.BytesReceived, 1e-3);
                Assert.True(exchange.Seconds >= exchange.BytesBetweenNodes / cluster.NicBytesPerSecond);
            }
        }
    }

    /// <summary>All ranks send to those of one node: its interface serves them one after the other.</summary>
    [Fact]
    public void A_hot_destination_waits_at_its_interface()
    {
        ClusterModel cluster = Cluster(4, 2);
        double[,] bytes = new double[8, 8];
        for (int source = 2; source < 8; source++) bytes[source, 0] = 1e6;
        double seconds = ExchangeSimulation.Run(cluster, ExchangePlan.Of(SimulatedAlgorithm.Flat, cluster, Payload.Of(cluster, bytes))).Seconds;
        Assert.Equal(6 * (cluster.NicSecondsPerMessage + 1e6 / cluster.NicBytesPerSecond), seconds, seconds * 1e-9);
    }

    /// <summary>Against drawing experts at random, and by counting for the case that can be counted.</summary>
    [Fact]
    public void De_duplication_leaves_the_expected_share()
    {
        Assert.Equal(1, ExchangePlan.Crossing(Cluster(4, 2), 8, 1), 1e-12);
        // Two of four experts on two nodes: 2 of the 6 pairs share a node.
        Assert.Equal((2 * 1 + 4 * 2) / 6.0 / 2, ExchangePlan.Crossing(Cluster(2, 2), 4, 2), 1e-12);
        Assert.Equal(4 / 8.0, ExchangePlan.Crossing(Cluster(4, 2), 8, 8), 1e-12);
        Random random = new(3);
        double crossings = 0;
        const int Draws = 20_000;
        int[] experts = [.. Enumerable.Range(0, 32)];
        for (int draw = 0; draw < Draws; draw++)
        {
            random.Shuffle(experts);
            crossings += experts.Take(6).Select(static expert => expert / 8).Distinct().Count();
        }
        Assert.Equal(crossings / Draws / 6, ExchangePlan.Crossing(Cluster(4, 2), 32, 6), 0.005);
    }

    [Fact]
    public void The_fastest_changes_where_the_times_cross()
    {
        ClusterComparison comparison = new(Cluster(8, 8), 0.6);
        IReadOnlyList<Crossover> crossovers = comparison.Crossovers();
        Assert.NotEmpty(crossovers);
        foreach (Crossover crossover in crossovers.Skip(1))
        {
            Assert.Equal(crossover.Algorithm, comparison.Fastest(crossover.From * 1.06));
            Assert.NotEqual(crossover.Algorithm, comparison.Fastest(crossover.From / 1.06));
        }
    }

    private static IReadOnlyList<ExchangePhase> Plan(SimulatedAlgorithm algorithm, ClusterModel cluster) => ExchangePlan.Of(algorithm, cluster, Payload.Even(cluster, Bytes));

    private static ClusterModel Cluster(int nodes, int perNode) => new() { Nodes = nodes, PerNode = perNode, NicBytesPerSecond = 12.5e9, NicSecondsPerMessage = 10e-6 };
}

using Switchyard.Collectives;
using Switchyard.Collectives.AllToAll;

namespace Switchyard.Tests.Collectives;

/// <summary>Costs against a worked example, the closed form of a crossing, and measurements made from known prices.</summary>
public sealed class CostModelTests
{
    // 12.5 GB/s and 10 µs between nodes, 12 GB/s and 5 µs inside, copies at 300 GB/s.
    private static readonly CostModel Example = new(10e-6, 1 / 12.5e9, 5e-6, 1 / 12e9, 1 / 300e9);

    [Theory]
    [InlineData(4, 16, 10.0, 28.6, 9.7)]
    [InlineData(8, 16, 13.9, 30.0, 11.3)]
    [InlineData(8, 1, 5.1, 2.0, 1.3)]
    public void The_worked_example(int nodes, int mebibytes, double flat, double leader, double twoDimensional)
    {
        Topology topology = Topology.Uniform(nodes, 8);
        double[] milliseconds = [.. AllToAllAlgorithm.All.Take(3).Select(algorithm => Example.Seconds(algorithm, topology, mebibytes << 20) * 1e3)];
        Assert.Equal([flat, leader, twoDimensional], milliseconds.Select(static value => Math.Round(value, 1)));
    }

    [Theory]
    [InlineData(2, 0.44)]
    [InlineData(4, 1.4)]
    [InlineData(8, 3.4)]
    public void The_leader_wins_below_the_crossing(int nodes, double mebibytes)
    {
        Topology topology = Topology.Uniform(nodes, 8);
        double bytes = mebibytes * (1 << 20);
        Assert.True(Advantage(0.95 * bytes) > 0 && Advantage(1.05 * bytes) < 0);

        double Advantage(double size) => Example.Seconds(AllToAllAlgorithm.Flat, topology, size) - Example.Seconds(AllToAllAlgorithm.Leader, topology, size);
    }

    [Fact]
    public void One_copy_per_node_scales_what_goes_between_nodes() => Assert.Equal(
        Example.Seconds(AllToAllAlgorithm.TwoDimensional, Topology.Uniform(4, 2), 1e6) - 0.75 * 2e6 / 12.5e9 / 2,
        Example.Seconds(AllToAllAlgorithm.Deduplicated, Topology.Uniform(4, 2), 1e6, copies: 0.5), 1e-12);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Prices_are_found_again_from_what_they_cost(int cards)
    {
        Topology topology = Topology.Uniform(4, 4);
        CostModel known = new(30e-6, 40e-9, 4e-6, 0.4e-9, 0.2e-9, cards);
        CostModel fitted = CostModel.Fit(topology, known.CopyByte, [.. from algorithm in AllToAllAlgorithm.All.Take(3) from bytes in (double[])[1e3, 1e4, 1e5, 1e6] select (algorithm, bytes, known.Seconds(algorithm, topology, bytes))]);
        Assert.Equal(cards, fitted.Cards);
        foreach (AllToAllAlgorithm algorithm in AllToAllAlgorithm.All)
            foreach (double bytes in (double[])[500, 3e4, 1e7])
                Assert.InRange(fitted.Seconds(algorithm, topology, bytes) / known.Seconds(algorithm, topology, bytes), 0.98, 1.02);
    }

    [Fact]
    public void Every_rank_chooses_alike_and_says_so_once_per_size()
    {
        List<string> said = [];
        string[] chosen = new string[4];
        InProcessGroup.Run(Topology.Uniform(2, 2), group =>
        {
            if (group.Rank == 0) group.Log = said.Add;
            group.Calibrate();
            for (int i = 0; i < 3; i++) group.AllToAll<byte>(new byte[4096], new byte[4096]);
            chosen[group.Rank] = $"{group.CostModel} {group.Choose(4 * 4096)}";
            Assert.Equal(0, group.Traffic.Control.Messages);
        });
        Assert.Single(chosen.Distinct());
        Assert.StartsWith("exchange of 4,096 bytes per rank: ", Assert.Single(said), StringComparison.Ordinal);
    }
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Switchyard.Cli.Benchmarks;
using Switchyard.Collectives;
using Switchyard.Collectives.AllToAll;
using Switchyard.Collectives.Simulation;

namespace Switchyard.Cli.Commands;

/// <summary><c>bench alltoall</c>: the ways to exchange tokens between ranks, as threads or under mpirun.</summary>
internal sealed class BenchAllToAllCommand
{
    private const int MostChoices = 8;

    private static readonly long[] UsualSizes = [1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24];

    private readonly Option<int> _ranks = AtLeastOne("--ranks", "Ranks to run as threads; under mpirun it is not needed", 4);
    private readonly Option<int> _perNode = AtLeastOne("--per-node", "Ranks to take for a node; under mpirun the hosts tell it otherwise", 2);
    private readonly Option<int> _topK = AtLeastOne("--top-k", "Ranks that a token goes to", 2);
    private readonly Option<int> _rounds = AtLeastOne("--rounds", "Rounds at least, of which the median counts; small sizes get more", 5);
    private readonly Option<long[]> _sizes = new("--sizes")
    {
        Description = "Bytes that every rank sends in all",
        HelpName = "BYTES",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => UsualSizes,
    };

    private BenchAllToAllCommand()
    {
    }

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        BenchAllToAllCommand bench = new();
        return new RunnableCommand(
            "alltoall",
            "Measures the ways to exchange tokens between ranks, and the choice between them.",
            bench.Run,
            new Example("switchyard bench alltoall --ranks 4 --per-node 2", "Runs four ranks as threads, taken for two nodes, and prints a line per size and algorithm."),
            new Example("switchyard bench alltoall --ranks 8 --per-node 4 --top-k 4 --sizes 65536 1048576", "Two sizes, tokens with four choices. Under mpirun leave --ranks out."))
        {
            bench._ranks, bench._perNode, bench._sizes, bench._topK, bench._rounds,
        };
    }

    private void Run(ParseResult parse, Output output, CancellationToken interrupted)
    {
        int? perNode = parse.GetResult(_perNode) is { Implicit: false } ? parse.GetValue(_perNode) : null;
        if (MpiGroup.IsLaunched)
        {
            if (parse.GetResult(_ranks) is { Implicit: false }) throw new ArgumentException("--ranks runs ranks as threads, and mpirun has already started them: leave it out");
            MpiGroup.Run(group => Measure(group, parse, output, interrupted), perNode is { } given ? size => Nodes(size, given) : null);
        }
        else
        {
            InProcessGroup.Run(Nodes(parse.GetValue(_ranks), perNode ?? parse.GetValue(_perNode)), group => Measure(group, parse, output, interrupted));
        }
    }

    private static Topology Nodes(int ranks, int perNode) => ranks % perNode == 0
        ? Topology.Uniform(ranks / perNode, perNode)
        : throw new ArgumentException($"{ranks} ranks do not make nodes of {perNode}: give a --per-node that divides them");

    private void Measure(ProcessGroup group, ParseResult parse, Output output, CancellationToken interrupted)
    {
        if (group.Rank == 0) group.Log = output.Say;
        else if (MpiGroup.IsLaunched) output.LeaveResult();
        AllToAllBenchmark benchmark = new(group, parse.GetValue(_topK));
        JsonArray rows = [], sizes = [];
        for (int choices = 2; choices <= MostChoices && group.Topology is { Nodes: > 1, PerNode: not null }; choices++) Write(Row(group.Topology, choices, benchmark.Saving(choices)));
        foreach (long bytes in parse.GetRequiredValue(_sizes))
        {
            AllToAllBenchmark.Size size = benchmark.Measure(bytes, parse.GetValue(_rounds), interrupted);
            if (group.Rank != 0) continue;
            JsonObject times = [];
            foreach (AllToAllBenchmark.Measured way in size.Algorithms)
            {
                Write(Row(group.Topology, size, way));
                if (way.Algorithm is not null) times[way.Algorithm.Name] = way.Seconds;
            }

            sizes.Add((JsonNode)new JsonObject
            {
                ["bytes"] = size.Bytes,
                ["times"] = times,
                ["automatic"] = size.Chosen.Name,
                ["automatic_seconds"] = size.Algorithms[^1].Seconds,
                ["saving"] = size.Saving,
                ["simulation"] = Simulate(group, size),
            });
        }

        if (group.Rank == 0 && output.Json) output.Result(new JsonObject { ["machine"] = Machine.Describe(), ["topology"] = group.Topology.ToString(), ["costs"] = Costs(group.CostModel), ["rows"] = rows, ["sizes"] = sizes });

        void Write(BenchmarkRow row)
        {
            if (group.Rank != 0) return;
            output.WriteLine(row.ToString());
            rows.Add((JsonNode)row.ToJson());
        }
    }

    private static JsonObject? Costs(CostModel? costs) => costs is null ? null : new()
    {
        ["between_start"] = costs.BetweenStart,
        ["between_byte"] = costs.BetweenByte,
        ["inside_start"] = costs.InsideStart,
        ["inside_byte"] = costs.InsideByte,
        ["copy_byte"] = costs.CopyByte,
        ["cards"] = costs.Cards,
    };

    /// <summary>What the simulation says to every measurement, on the cluster that the cost model was measured on.</summary>
    private static JsonArray Simulate(ProcessGroup group, AllToAllBenchmark.Size size)
    {
        if (group.CostModel is not { } costs || ClusterModel.Of(costs, group.Topology) is not { } cluster) return [];
        ClusterComparison comparison = new(cluster, 1 / size.Saving);
        return new JsonArray([.. size.Algorithms.Where(static way => way.Algorithm is not null).Select(way => (JsonNode)new JsonObject
        {
            ["algorithm"] = way.Algorithm!.Name,
            ["measured"] = way.Seconds,
            ["simulated"] = comparison.Run(SimulatedAlgorithms.All.Single(algorithm => algorithm.Name() == way.Algorithm.Name), size.Bytes).Seconds,
        })]);
    }

    /// <summary>Bytes between nodes over those that are left with one copy of a token per node, beside what random choices let expect.</summary>
    private static BenchmarkRow Row(Topology topology, int choices, double saving)
    {
        int perNode = topology.PerNode!.Value;
        ClusterModel cluster = new() { Nodes = topology.Nodes, PerNode = perNode, NicBytesPerSecond = 1, NicSecondsPerMessage = 0 };
        return new BenchmarkRow($"alltoall/{topology.Nodes}x{perNode}/copies/top-{choices}", 1, saving, "times")
        {
            Peer = "predicted",
            PeerValue = 1 / ExchangePlan.Crossing(cluster, AllToAllBenchmark.ExpertsPerRank * topology.Size, choices),
        };
    }

    private static BenchmarkRow Row(Topology topology, AllToAllBenchmark.Size size, AllToAllBenchmark.Measured way)
    {
        const double Mega = 1e6;
        string name = string.Create(CultureInfo.InvariantCulture, $"alltoall/{topology}/{size.Bytes}/{way.Algorithm?.Name ?? "automatic"}");
        return new BenchmarkRow(name.Replace(" ", "", StringComparison.Ordinal), 1, size.Bytes / way.Seconds / Mega, "MB/s")
        {
            Peer = AllToAllAlgorithm.Flat.Name,
            PeerValue = size.Bytes / size.Algorithms[0].Seconds / Mega,
            Figures = [new("ms", way.Seconds * 1e3), new("messages", way.Between.Messages), new("bytes", way.Between.Bytes)],
        };
    }

    private static Option<int> AtLeastOne(string name, string description, int usual)
    {
        Option<int> option = new(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => usual };
        option.AcceptAtLeast(1);
        return option;
    }
}

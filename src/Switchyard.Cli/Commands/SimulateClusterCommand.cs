using System.CommandLine;
using System.Text.Json.Nodes;
using Switchyard.Collectives.Simulation;

namespace Switchyard.Cli.Commands;

/// <summary><c>simulate cluster</c>: the AllToAll algorithms, and a training step, on a cluster given by its numbers.</summary>
internal sealed class SimulateClusterCommand
{
    private const double Giga = 1e9, Micro = 1e-6;
    private static readonly long[] UsualSizes = [.. Enumerable.Range(0, 7).Select(static power => 65536L << (2 * power))];

    private readonly Option<int> _nodes = Whole("--nodes", "Nodes of the cluster", 8);
    private readonly Option<int> _perNode = Whole("--per-node", "Ranks in each node", 8);
    private readonly Option<double> _nic = Number("--nic", "Speed of a node's network interface, gigabits per second", "GBPS", 100);
    private readonly Option<double> _latency = Number("--latency", "What a message costs the interface beside its bytes, microseconds", "US", 10);
    private readonly Option<double> _intra = Number("--intra", "Speed of a rank's link inside its node, gigabits per second", "GBPS", 96);
    private readonly Option<double> _intraLatency = Number("--intra-latency", "What a message costs that link beside its bytes, microseconds", "US", 5);
    private readonly Option<double> _copy = Number("--copy", "Speed of a copy in a rank's memory, gigabits per second", "GBPS", 2400);
    private readonly Option<long[]> _bytes = new("--bytes") { Description = "Bytes that each rank sends in all; may be given again [default: 64 KiB to 256 MiB]", HelpName = "N" };
    private readonly Option<int> _topK = Whole("--top-k", "Experts of a token: what de-duplication can save", 8);
    private readonly Option<double> _teraflops = Number("--teraflops", "What a rank computes per second in training, 10¹² operations", "X", 400);

    private SimulateClusterCommand()
    {
    }

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        SimulateClusterCommand simulate = new();
        return new RunnableCommand(
            "cluster",
            "Simulates the AllToAll algorithms on a cluster, message by message, and projects a training step of a trillion parameters.",
            simulate.Run,
            new Example("switchyard simulate cluster --nodes 64 --per-node 8 --nic 100 --latency 10", "Which algorithm is fastest from which size on."),
            new Example("switchyard simulate cluster --nodes 4 --per-node 2 --nic 0.2 --latency 60 --bytes 1048576 --json", "One size, as one JSON object."))
        {
            simulate._nodes, simulate._perNode, simulate._nic, simulate._latency, simulate._intra, simulate._intraLatency, simulate._copy,
            simulate._bytes, simulate._topK, simulate._teraflops,
        };
    }

    private static Option<int> Whole(string name, string description, int value)
    {
        Option<int> option = new(name) { Description = $"{description} [default: {value}]", HelpName = "N", DefaultValueFactory = _ => value };
        option.AcceptAtLeast(1);
        return option;
    }

    private static Option<double> Number(string name, string description, string helpName, double value)
    {
        Option<double> option = new(name) { Description = $"{description} [default: {value}]", HelpName = helpName, DefaultValueFactory = _ => value };
        option.AcceptFinite();
        return option;
    }

    private void Run(ParseResult parse, Output output, CancellationToken interrupted)
    {
        ClusterModel cluster = new()
        {
            Nodes = parse.GetValue(_nodes),
            PerNode = parse.GetValue(_perNode),
            NicBytesPerSecond = parse.GetValue(_nic) * Giga / 8,
            NicSecondsPerMessage = parse.GetValue(_latency) * Micro,
            IntraBytesPerSecond = parse.GetValue(_intra) * Giga / 8,
            IntraSecondsPerMessage = parse.GetValue(_intraLatency) * Micro,
            CopyBytesPerSecond = parse.GetValue(_copy) * Giga / 8,
        };
        cluster.Check();
        long[] sizes = parse.GetValue(_bytes) is { Length: > 0 } given ? given : UsualSizes;
        if (sizes.Any(static size => size < 1)) throw new ArgumentException($"--bytes is {sizes.Min()}, and must be at least 1");
        int topK = parse.GetValue(_topK), experts = Math.Max(cluster.Ranks, topK * cluster.Nodes);
        ClusterComparison comparison = new(cluster, ExchangePlan.Crossing(cluster, experts, topK));

        JsonArray rows = [];
        output.WriteLine($"{cluster.Nodes} nodes × {cluster.PerNode} ranks; de-duplication leaves {comparison.Crossing:p0} of the bytes between nodes (top-{topK})");
        output.WriteLine($"{"bytes per rank",14}  {string.Concat(SimulatedAlgorithms.All.Select(static algorithm => $"{algorithm.Name(),14}"))}  fastest");
        foreach (long size in sizes)
        {
            interrupted.ThrowIfCancellationRequested();
            rows.Add((JsonNode)Row(comparison, size, output));
        }
        IReadOnlyList<Crossover> crossovers = comparison.Crossovers();
        output.WriteLine(string.Join("; ", crossovers.Select(static (crossover, index) => index == 0 ? $"small: {crossover.Algorithm.Name()}" : $"from {Size(crossover.From)}: {crossover.Algorithm.Name()}")));
        JsonObject step = Project(comparison, parse.GetValue(_teraflops) * 1e12, output);
        if (!output.Json) return;
        output.Result(new JsonObject
        {
            ["nodes"] = cluster.Nodes,
            ["per_node"] = cluster.PerNode,
            ["crossing"] = comparison.Crossing,
            ["sizes"] = rows,
            ["crossovers"] = new JsonArray([.. crossovers.Select(static crossover => (JsonNode)new JsonObject { ["from"] = crossover.From, ["algorithm"] = crossover.Algorithm.Name() })]),
            ["step"] = step,
        });
    }

    private static JsonObject Row(ClusterComparison comparison, long bytes, Output output)
    {
        JsonObject times = [], messages = [], sent = [];
        List<(string Name, double Seconds)> all = [];
        foreach (SimulatedAlgorithm algorithm in SimulatedAlgorithms.All)
        {
            SimulatedExchange exchange = comparison.Run(algorithm, bytes);
            string name = algorithm.Name();
            all.Add((name, exchange.Seconds));
            (times[name], messages[name], sent[name]) = (exchange.Seconds, exchange.MessagesBetweenNodes, exchange.BytesBetweenNodes);
        }
        string fastest = all.MinBy(static one => one.Seconds).Name;
        output.WriteLine($"{Size(bytes),14}  {string.Concat(all.Select(static one => $"{Time(one.Seconds),14}"))}  {fastest}");
        return new JsonObject { ["bytes"] = bytes, ["times"] = times, ["messages_per_node"] = messages, ["bytes_per_node"] = sent, ["fastest"] = fastest };
    }

    private static JsonObject Project(ClusterComparison comparison, double flopsPerRank, Output output)
    {
        ProjectedModel model = new();
        output.WriteLine();
        output.WriteLine($"a step of {(model.ExpertParameters + model.SharedParameters) / 1e12:f2} trillion parameters ({model.Layers} layers, width {model.Width}, {model.Experts} experts of {model.Hidden}, top-{model.TopK}), {model.TokensPerRank} tokens per rank:");
        JsonObject algorithms = [];
        StepProjection projection = default;
        ClusterComparison ofModel = comparison with { Crossing = Crossing(comparison.Cluster, model) };
        foreach (SimulatedAlgorithm algorithm in SimulatedAlgorithms.All)
        {
            projection = StepProjection.Of(model, ofModel, algorithm, flopsPerRank);
            output.WriteLine($"{algorithm.Name(),14}  {Time(projection.Seconds),12} = {Time(projection.ComputeSeconds)} computing + {Time(projection.ExchangeSeconds)} exchange + {Time(projection.ReduceSeconds)} gradients; {Time(projection.SecondsOverlapped)} with all overlap");
            algorithms[algorithm.Name()] = new JsonObject { ["seconds"] = projection.Seconds, ["exchange_seconds"] = projection.ExchangeSeconds, ["overlapped_seconds"] = projection.SecondsOverlapped };
        }
        return new JsonObject
        {
            ["parameters"] = model.ExpertParameters + model.SharedParameters,
            ["active_parameters"] = model.ActiveParameters,
            ["tokens"] = (double)model.TokensPerRank * comparison.Cluster.Ranks,
            ["compute_seconds"] = projection.ComputeSeconds,
            ["reduce_seconds"] = projection.ReduceSeconds,
            ["algorithms"] = algorithms,
        };
    }

    // Experts of a large cluster are fewer than its nodes: each then has copies, and a token crosses once for each.
    private static double Crossing(ClusterModel cluster, ProjectedModel model)
        => model.Experts % cluster.Nodes == 0 ? ExchangePlan.Crossing(cluster, model.Experts, model.TopK) : 1;

    private static string Size(double bytes) => bytes switch
    {
        >= 1 << 30 => $"{bytes / (1 << 30):0.##} GiB",
        >= 1 << 20 => $"{bytes / (1 << 20):0.##} MiB",
        >= 1 << 10 => $"{bytes / (1 << 10):0.##} KiB",
        _ => $"{bytes:0} B",
    };

    private static string Time(double seconds) => seconds >= 1 ? $"{seconds:0.00} s" : seconds >= 1e-3 ? $"{seconds * 1e3:0.00} ms" : $"{seconds * 1e6:0.0} µs";
}

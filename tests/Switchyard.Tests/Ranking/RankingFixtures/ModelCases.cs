using System.Text.Json;
using System.Text.RegularExpressions;
using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Losses;
using Switchyard.Ranking.Networks;
using Switchyard.Tensors;

namespace Switchyard.Tests.Ranking.RankingFixtures;

/// <summary>Whole networks with given weights: forward and all gradients; which expert moves which task; the dropout of gates.</summary>
internal static partial class ModelCases
{
    public static readonly Dictionary<string, Action<RankingCase>> Table = new()
    {
        ["model"] = Model,
        ["wiring"] = Wiring,
        ["gate_dropout"] = GateDropout,
    };

    private static void Model(RankingCase c)
    {
        TaskKind[] kinds = [.. c.Parameters.GetProperty("tasks").EnumerateArray().Select(static task => task.GetString() == "binary" ? TaskKind.Binary : TaskKind.Regression)];
        Tensor x = c.Read("input.x");
        x.RequiresGradient = true;
        using RankingNetwork network = Network(c, x.Shape[1], kinds.Length);
        int[] towerWidths = c.Parameters.TryGetProperty("tower_widths", out _) ? c.Wholes("tower_widths") : [];
        Tower[] towers = [.. kinds.Select(_ => new Tower(network.Width, towerWidths, new Philox(0)))];
        List<(string Name, Func<string, Tensor> Stored, Tensor Parameter)> parameters = [];
        Register(network, name => NetworkTensor(c, network, name));
        for (int task = 0; task < towers.Length; task++)
        {
            int own = task;
            Register(towers[task], name => part => c.Read($"{part}.tower{own}.{name.Replace("hidden.", "", StringComparison.Ordinal)}"));
        }

        NetworkOutput output = network.Forward(x, null);
        Tensor[] logits = [.. towers.Select((tower, task) => tower.Forward(output.Streams[task]))];
        c.Check("output.logits", Tensor.Stack(logits, 1));
        double[] weights = c.Numbers("loss_weights");
        Tensor[] losses = [.. kinds.Select((kind, task) => TaskLosses.Mean(TaskLosses.PerRow(kind, logits[task], c.Read($"input.y{task}")), null))];
        Tensor total = new TaskWeights(weights).Total(losses, 0);
        c.CheckValue("losses", [.. losses.Select(static loss => loss.ToDouble())]);
        c.CheckValue("total", total.ToDouble());
        Outputs(c, network, x, output);
        total.Backward();
        c.Check("grad.x", x.Gradient!);
        foreach ((string name, Func<string, Tensor> stored, Tensor parameter) in parameters)
            c.Compare($"grad.{name}", RankingCase.Doubles(parameter.Gradient ?? Tensor.Zeros(parameter.Shape, parameter.Type)), RankingCase.Doubles(stored("grad")));
        c.PassOver(static name => name.StartsWith("grad.", StringComparison.Ordinal));
        foreach (Tower tower in towers) tower.Dispose();

        void Register(Module module, Func<string, Func<string, Tensor>> find)
        {
            module.To(c.Type);
            foreach ((string name, Tensor parameter) in module.Parameters())
            {
                Func<string, Tensor> stored = find(name);
                parameters.Add((name, stored, parameter));
                using Gradients.Pause pause = Gradients.Paused();
                parameter.CopyFrom(stored("weights").Reshape(parameter.Shape));
            }
        }
    }

    private static RankingNetwork Network(RankingCase c, int width, int tasks)
    {
        bool Has(string parameter) => c.Parameters.TryGetProperty(parameter, out _);
        NetworkOptions options = new() { Gate = new SoftOptions() };
        if (Has("expert_widths")) options = options with { ExpertWidths = c.Wholes("expert_widths") };
        if (Has("levels"))
        {
            options = options with { Kind = NetworkKind.Ple, Levels = c.Parameters.GetProperty("levels").GetInt32(), SpecificExperts = c.Wholes("specific"), SharedExperts = c.Parameters.GetProperty("shared").GetInt32() };
        }
        else if (Has("bottom_widths")) options = options with { Kind = NetworkKind.SharedBottom, ExpertWidths = c.Wholes("bottom_widths") };
        else if (Has("widths")) options = options with { Kind = NetworkKind.CrossStitch, ExpertWidths = c.Wholes("widths"), StitchPerUnit = c.Parameters.GetProperty("per_unit").GetBoolean() };
        else
        {
            options = options with { Kind = c.Has("weights.gate.weight") ? NetworkKind.Omoe : Has("shared_widths") ? NetworkKind.Youtube : NetworkKind.Mmoe, Experts = c.Parameters.GetProperty("experts").GetInt32() };
            if (Has("shared_widths")) options = options with { SharedWidths = c.Wholes("shared_widths") };
        }
        return options.Make(width, tasks, new Philox(0));
    }

    /// <summary>The tensor that a parameter of ours is: of the experts of a bank, all of theirs in order.</summary>
    private static Func<string, Tensor> NetworkTensor(RankingCase c, RankingNetwork network, string name)
    {
        if (BankLayer().Match(name) is { Success: true } bank)
        {
            string level = bank.Groups["level"].Value, rest = bank.Groups["rest"].Value;
            string[] experts = network is LayeredExtraction
                ? [.. c.Wholes("specific").SelectMany((count, task) => Enumerable.Range(0, count).Select(i => $"{level}.task{task}.expert{i}")), .. Enumerable.Range(0, c.Parameters.GetProperty("shared").GetInt32()).Select(i => $"{level}.shared.expert{i}")]
                : [.. Enumerable.Range(0, c.Parameters.GetProperty("experts").GetInt32()).Select(static i => $"expert{i}")];
            return part => Tensor.Stack([.. experts.Select(expert => c.Read($"{part}.{expert}.{rest}"))], 0);
        }
        string theirs = name switch
        {
            _ when name.StartsWith("mixture.gates.all", StringComparison.Ordinal) => "gate.weight",
            _ when name.StartsWith("mixture.gates.task", StringComparison.Ordinal) => name.Replace("mixture.gates.task", "gate", StringComparison.Ordinal),
            _ when name.Contains(".gates.", StringComparison.Ordinal) => name.Replace(".gates.", ".", StringComparison.Ordinal).Replace(".weight", ".gate.weight", StringComparison.Ordinal),
            _ when network is Bottoms => name.Replace("bottom0.", "bottom.", StringComparison.Ordinal),
            _ when network is CrossStitch && name.StartsWith("task", StringComparison.Ordinal) => $"{(char)('a' + name[4] - '0')}{name[5..]}",
            _ => name,
        };
        return part => c.Read($"{part}.{theirs}");
    }

    private static void Outputs(RankingCase c, RankingNetwork network, Tensor x, NetworkOutput output)
    {
        for (int task = 0; task < output.Streams.Count; task++)
        {
            c.Check($"output.mixed{task}", output.Streams[task]);
            if (network is MultiGateMixture) c.Check($"output.gate{task}", Weights(output.Gates[task % output.Gates.Count].Routing));
        }
        c.Check("output.bottom", output.Streams[0]);
        if (network is MultiGateMixture mixture)
        {
            Tensor h = mixture.Shared.Forward(x);
            int rows = h.Shape[0], experts = mixture.Bank.Experts;
            Tensor answers = mixture.Bank.Forward(Tensor.Concat([.. Enumerable.Repeat(h, experts)], 0), Tensor.From([.. Enumerable.Range(0, experts + 1).Select(e => e * rows)], [experts + 1]));
            c.Check("output.experts", answers.Reshape([experts, rows, mixture.Width]).Permute([1, 0, 2]));
        }
        if (network is LayeredExtraction extraction)
        {
            Tensor[] streams = [.. Enumerable.Repeat(x, output.Streams.Count + 1)];
            for (int level = 0; level < extraction.Levels.Count; level++)
            {
                (streams, Routing[] routings) = extraction.Levels[level].Forward(streams, default);
                for (int gate = 0; gate < routings.Length; gate++)
                {
                    c.Check($"output.level{level}.{extraction.Levels[level].Gates[gate].Name}.gate", Weights(routings[gate]));
                    c.Check($"output.level{level}.stream{gate}", streams[gate]);
                }
            }
        }
        if (network is CrossStitch) c.PassOver(static name => CrossStitchState().IsMatch(name));
    }

    private static Tensor Weights(Routing routing) => routing.Weights.Reshape([routing.Experts, routing.Tokens]).Transpose(0, 1);

    /// <summary>Zeroes one expert after the other and looks which tasks move.</summary>
    private static void Wiring(RankingCase c)
    {
        int[] specific = c.Wholes("specific");
        int levels = c.Parameters.GetProperty("levels").GetInt32(), shared = c.Parameters.GetProperty("shared").GetInt32();
        using LayeredExtraction network = new(5, specific, shared, levels, [5], new SoftOptions(), new Philox(3));
        Tensor x = Tensor.Normal([8, 5], 0, 1, new Philox(4));
        using Gradients.Pause pause = Gradients.Paused();
        double[][] before = Streams();
        foreach (JsonElement expected in c.Values.EnumerateArray())
        {
            string[] place = expected.GetProperty("expert").GetString()!.Split('.');
            int level = int.Parse(place[0].AsSpan("level".Length)), own = int.Parse(place[2].AsSpan("expert".Length));
            int expert = own + (place[1] == "shared" ? specific.Sum() : specific.Take(int.Parse(place[1].AsSpan("task".Length))).Sum());
            (Tensor Weight, Tensor Bias) layer = ((Switchyard.Experts.Banks.MlpBank)network.Levels[level].Modules().First(static module => module.Name == "experts").Module).Layers[0];
            using Tensor kept = layer.Weight.Clone();
            Span<float> zeroed = layer.Weight.AsSpan<float>().Slice(expert * 25, 25);
            zeroed.Clear();
            double[][] after = Streams();
            bool[] moves = [.. before.Zip(after, static (a, b) => !a.AsSpan().SequenceEqual(b))];
            Assert.Equal(expected.GetProperty("moves").EnumerateArray().Select(static value => value.GetBoolean()), moves);
            layer.Weight.CopyFrom(kept);
        }

        double[][] Streams() => [.. network.Forward(x, null).Streams.Select(RankingCase.Doubles)];
    }

    private static void GateDropout(RankingCase c)
    {
        string of = c.Parameters.TryGetProperty("logits", out JsonElement other) ? other.GetString()! : $"{c.Name}.input.logits";
        Tensor logits = c.Read(of[..of.IndexOf(".input.", StringComparison.Ordinal)], "input.logits"), keep = c.Read("input.keep");
        logits.RequiresGradient = true;
        int experts = logits.Shape[1];
        bool perBatch = keep.Rank == 1;
        using SoftGate gate = new(1, experts, new SoftOptions { Dropout = 0.5, DropoutScope = perBatch ? GateDropoutScope.Batch : GateDropoutScope.Example }, new Philox(0));
        gate.To(c.Type);
        // Uniform numbers at or above the dropout keep, those below drop.
        Tensor uniform = keep.To(c.Type).Reshape([perBatch ? 1 : keep.Shape[0], experts]);
        Tensor weights = Weights(gate.Decide(logits, new RoutingContext { Noise = uniform }));
        c.Check("output.gate", weights);
        if (c.Has("grad.logits")) c.Check("grad.logits", Gradients.Of((weights * c.Read("input.upstream")).Sum(), [logits])[0]);
    }

    [GeneratedRegex(@"^(mixture|(?<level>level\d+))\.experts\.layers\.(?<rest>.+)$")]
    private static partial Regex BankLayer();

    [GeneratedRegex(@"^output\.[a-z]\d+$")]
    private static partial Regex CrossStitchState();
}

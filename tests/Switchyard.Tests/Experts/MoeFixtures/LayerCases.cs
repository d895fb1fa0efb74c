using Switchyard.Experts;
using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Selection;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.MoeFixtures;

/// <summary>Dispatch, experts, and whole layers.</summary>
internal static class LayerCases
{
    public static readonly Dictionary<string, Action<MoeCase>> Table = new()
    {
        ["dispatch"] = Dispatch,
        ["grouped_feed_forward"] = Grouped,
        ["moe_layer"] = Layer,
    };

    private static void Dispatch(MoeCase c)
    {
        Tensor x = c.Input("x"), weight = c.Input("weight"), expertRows = c.Input("expert_rows");
        int experts = c.Whole("experts"), count = weight.Shape[1], tokens = x.Shape[0];
        Choices choices = new(c.Read("input.expert"));
        SlotOptions options = TokenChoiceCases.SlotPolicy(c, new TopKOptions { TopK = count }, tokens);
        Slots slots = Slots.By(choices, options, isTraining: true, Tensor.Zeros([tokens, experts], c.Type), weight.Detach(), default);
        Routing routing = new(choices, slots, weight, [], 0);
        int[] pairs = routing.Pairs!.ToArray<int>(), offsets = routing.Offsets.ToArray<int>();
        c.Check("output.routing.token", routing.TokenOf);
        c.Check("output.routing.choice", pairs.Select(pair => pair % count));
        c.Check("output.routing.offsets", offsets);
        c.Check("output.kept", Enumerable.Range(0, tokens * count).Select(pair => pairs.Contains(pair) ? 1 : 0));
        c.Check("output.slot", RoutingChecks.Slots(new Routing(choices, Slots.By(choices, options with { CapacityFactor = null }, true, Tensor.Zeros([tokens, experts], c.Type), weight.Detach(), default), weight, [], 0), 1));

        Tensor rows = routing.Gather(x), y = routing.Combine(expertRows);
        c.Check("output.rows", rows);
        c.Check("output.y", y);
        if (c.Has("output.buffer")) Buffer(c, rows, offsets);
        Tensor combined = (y * c.Read("input.upstream_y")).Sum();
        c.Check("grad.weight", MoeCase.Gradient(combined, weight));
        c.Check("grad.expert_rows", MoeCase.Gradient(combined, expertRows));
        c.Check("grad.x", MoeCase.Gradient((rows * c.Read("input.upstream_rows")).Sum(), x));
    }

    /// <summary>The same rows in equal buffers of a capacity each.</summary>
    private static void Buffer(MoeCase c, Tensor rows, int[] offsets)
    {
        int experts = offsets.Length - 1, capacity = c.Whole("capacity"), width = rows.Shape[1];
        int[] pairOfSlot = new int[experts * capacity], place = new int[rows.Shape[0]];
        Array.Fill(pairOfSlot, -1);
        for (int expert = 0; expert < experts; expert++)
            for (int pair = offsets[expert]; pair < offsets[expert + 1]; pair++)
            {
                place[pair] = expert * capacity + pair - offsets[expert];
                pairOfSlot[place[pair]] = pair;
            }
        c.Check("output.pair_of_slot", pairOfSlot);
        c.Check("output.buffer", Tensor.ScatterAddRows(rows, Tensor.From(place, [place.Length]), experts * capacity).Reshape([experts, capacity, width]));
    }

    private static void Grouped(MoeCase c)
    {
        Tensor x = c.Input("x");
        PlainBank bank = PlainBank.Of(c);
        Tensor y = bank.Forward(x, c.Read("input.offsets"));
        c.Check("output.y", y);
        Tensor objective = (y * c.Read("input.upstream")).Sum();
        c.CheckScalar("objective", objective.ToDouble());
        c.Check("grad.x", MoeCase.Gradient(objective, x));
        foreach ((string name, Tensor weight) in bank.Weights) c.Check($"grad.{name}", MoeCase.Gradient(objective, weight));
    }

    private static void Layer(MoeCase c)
    {
        Tensor x = c.Input("x");
        int experts = c.Whole("experts"), width = x.Shape[1], shared = c.Whole("shared_hidden", 0);
        TopKOptions policy = TokenChoiceCases.Policy(c, c.Text("select", "score") == "score_plus_bias" ? new SigmoidBiasOptions() : new TopKOptions(), x.Shape[0]);
        using TopKGate gate = (TopKGate)policy.Make(new GateSize(width, experts), new Philox(0));
        PlainBank bank = PlainBank.Of(c);
        FeedForward? sharedExpert = shared == 0 ? null : new FeedForward(width, shared, new Philox(0));
        MoeLayer layer = new(gate, bank, sharedExpert, c.Flag("shared_mix") ? Tensor.Zeros([width]) : null);
        layer.To(c.Type);
        layer.Load(name => name switch
        {
            "gate.weight" => c.Read("input.wg").Transpose(0, 1),
            "gate.balancing_bias" => c.Read("input.bias"),
            "shared_expert_gate" => c.Read("input.shared_mix"),
            _ => c.Read($"input.shared_{name.Split('.')[1][..^"_proj".Length]}"),
        });
        (Tensor y, Routing routing) = layer.Forward(x, default);
        c.Check("output.y", y);
        c.Check("output.logits", routing.Logits!);
        gate.Train(false); // dropless
        RoutingChecks.Check(c, routing, gate.Route(x, default));
        Tensor objective = (y * c.Read("input.upstream")).Sum();
        if (routing.TotalLoss() is { } losses) objective += losses;
        c.CheckScalar("objective", objective.ToDouble());
        c.Check("grad.x", MoeCase.Gradient(objective, x));
        foreach ((string name, Tensor weight) in bank.Weights) c.Check($"grad.{name}", MoeCase.Gradient(objective, weight));
        foreach ((string name, Tensor parameter) in layer.Parameters())
        {
            Tensor gradient = MoeCase.Gradient(objective, parameter);
            if (name == "gate.weight") c.Check("grad.wg", gradient.Transpose(0, 1));
            else if (name == "shared_expert_gate") c.Check("grad.shared_mix", gradient);
            else c.Check($"grad.shared_{name.Split('.')[1][..^"_proj".Length]}", gradient);
        }
    }
}

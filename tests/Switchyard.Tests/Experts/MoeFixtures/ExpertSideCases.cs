using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.MoeFixtures;

/// <summary>Experts that choose tokens, and slots that mix them.</summary>
internal static class ExpertSideCases
{
    public static readonly Dictionary<string, Action<MoeCase>> Table = new()
    {
        ["expert_choice"] = ExpertChoice,
        ["soft_moe"] = SoftMoe,
    };

    private static void ExpertChoice(MoeCase c)
    {
        Tensor logits = c.Input("logits"), upstream = c.Read("input.upstream");
        Tensor? mask = c.OptionalInput("mask");
        int experts = c.Whole("experts"), share = c.Whole("tokens_per_expert"), tokens = logits.Shape[0];
        int valid = mask?.ToArray<int>().Count(static flag => flag != 0) ?? tokens;
        // As many as are stored, or all there are.
        using ExpertChoiceGate gate = new(1, experts, new ExpertChoiceOptions { CapacityFactor = Math.Min(experts, (share - 0.5m) * experts / Math.Max(1, valid)) }, new Philox(0));
        Routing routing = gate.Decide(logits, new RoutingContext { Mask = mask });
        int[] offsets = routing.Offsets.ToArray<int>(), tokenOf = routing.TokenOf.ToArray<int>();
        double[] weights = MoeCase.Numbers(routing.Weights);
        c.Check("output.routing.token", tokenOf);
        c.Check("output.routing.offsets", offsets);
        c.Check("output.routing.weight", routing.Weights);
        c.Check("output.experts_per_token", Enumerable.Range(0, tokens).Select(token => tokenOf.Count(other => other == token)));

        int[] taken = new int[experts * share];
        double[] takenWeight = new double[experts * share];
        Array.Fill(taken, -1);
        for (int expert = 0; expert < experts; expert++)
        {
            int[] falling = [.. Enumerable.Range(offsets[expert], offsets[expert + 1] - offsets[expert]).OrderByDescending(pair => weights[pair])];
            for (int i = 0; i < falling.Length; i++) (taken[expert * share + i], takenWeight[expert * share + i]) = (tokenOf[falling[i]], weights[falling[i]]);
        }
        c.Check("output.tokens", taken);
        c.Check("output.tokens_weight", Tensor.From(takenWeight, [taken.Length]));
        c.Check("grad.logits", MoeCase.Gradient(RoutingChecks.Combined(routing, upstream), logits));
    }

    private static void SoftMoe(MoeCase c)
    {
        Tensor x = c.Input("x"), w = c.Input("w"), upstream = c.Read("input.upstream"), stored = c.Read("input.phi");
        int experts = c.Whole("experts"), slots = c.Whole("slots_per_expert"), tokens = x.Shape[0], width = x.Shape[1];
        using SoftMoeGate gate = new(width, experts, new SoftMoeOptions { SlotsPerExpert = slots, Normalise = c.Flag("normalise") }, new Philox(0));
        gate.To(c.Type);
        gate.Load(name => name == "phi" ? stored.Reshape([width, experts * slots]) : c.Read("input.scale"));
        SoftRouting routing = (SoftRouting)gate.Route(x, default);
        c.Check("output.dispatch", routing.Dispatch);
        c.Check("output.combine", routing.CombineWeights);
        Tensor rows = routing.Gather(x);
        c.Check("output.slots", rows);
        Tensor y = routing.Combine(Tensor.GroupedLinear(rows, w.Transpose(1, 2), routing.Offsets));
        c.Check("output.y", y);
        Tensor objective = (y * upstream).Sum();
        c.CheckScalar("objective", objective.ToDouble());
        c.Check("grad.x", MoeCase.Gradient(objective, x));
        c.Check("grad.w", MoeCase.Gradient(objective, w));
        foreach ((string name, Tensor parameter) in gate.Parameters()) c.Check($"grad.{name}", MoeCase.Gradient(objective, parameter));
    }
}

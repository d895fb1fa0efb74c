using System.Text.Json;
using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.MoeFixtures;

/// <summary>The balance loss as ours and as peers define it, its scopes, its limits.</summary>
internal static class LossCases
{
    public static readonly Dictionary<string, Action<MoeCase>> Table = new()
    {
        ["loss"] = static c =>
        {
            if (c.HasInput("collapsed")) Limits(c);
            else if (c.Whole("layers", 0) > 0) Layers(c);
            else if (c.Text("scope", "") == "sequence") PerSequence(c);
            else if (c.Text("scope", "") == "global batch") GlobalBatch(c);
            else if (c.HasInput("mask")) Padding(c);
            else Definitions(c);
        },
    };

    private static void Padding(MoeCase c)
    {
        Tensor logits = c.Input("logits");
        Tensor loss = Balance(c, logits, new RoutingContext { Mask = c.Read("input.mask") });
        c.CheckScalar("losses.balance", loss.ToDouble());
        c.Check("grad.logits", MoeCase.Gradient(loss, logits));
        c.PassOver("scalars.losses.padding_counted", "grad.padding_counted.logits"); // a peer's
    }

    private static void Layers(MoeCase c)
    {
        Tensor logits = c.Input("logits"); // [layers, tokens, experts]
        foreach ((string suffix, RoutingContext context) in ((string, RoutingContext)[])[("", default), ("_masked", new RoutingContext { Mask = c.Read("input.mask") })])
        {
            Tensor sum = Tensor.Scalar(0, c.Type);
            for (int layer = 0; layer < logits.Shape[0]; layer++) sum += Balance(c, Part(logits, layer), context);
            c.CheckScalar($"losses.per_layer_sum{suffix}", sum.ToDouble());
            c.Check($"grad.per_layer_sum{suffix}.logits", MoeCase.Gradient(sum, logits));
            c.PassOver($"scalars.losses.pooled{suffix}", $"grad.pooled{suffix}.logits"); // a peer's
        }
    }

    private static void Definitions(MoeCase c)
    {
        Tensor logits = c.Read("input.logits");
        int experts = c.Whole("experts");
        double all = Of(BalanceOver.AllChoices), first = Of(BalanceOver.FirstChoices), sum = Of(BalanceOver.SumOverChoices);
        // Peers' definitions as multiples of ours; a name that is not known here fails.
        foreach (JsonProperty definition in c.Scalars.GetProperty("losses").EnumerateObject())
        {
            string name = definition.Name;
            double? ours = name.StartsWith("balance_first", StringComparison.Ordinal) ? first
                : name.StartsWith("balance (", StringComparison.Ordinal) ? all
                : name.StartsWith("GShard paper", StringComparison.Ordinal) ? first / (experts * experts)
                : name.StartsWith("Hetu", StringComparison.Ordinal) || name.StartsWith("transformers", StringComparison.Ordinal) ? sum
                : name.StartsWith("FastMoE GShard gate on 2 workers", StringComparison.Ordinal) ? first / 4
                : null;
            if (ours is { } value) c.CheckScalar($"losses.{name}", value);
        }
        using TopKGate gate = new(1, experts, new TopKOptions { TopK = c.Whole("choices") }, new Philox(0));
        c.Check("output.expert", gate.Decide(logits, default).Choices!);

        double Of(BalanceOver over) => Balance(c, logits, default, over).ToDouble();
    }

    private static void PerSequence(MoeCase c)
    {
        Tensor logits = c.Input("logits"); // [sequence, batch, experts]
        int length = logits.Shape[0], batch = logits.Shape[1], experts = logits.Shape[2];
        Tensor bySequence = logits.Transpose(0, 1).Reshape([batch * length, experts]);
        foreach ((string name, ScoreFunction score) in ((string, ScoreFunction)[])[("softmax", ScoreFunction.Softmax), ("sigmoid", ScoreFunction.Sigmoid)])
        {
            using TopKGate gate = new(1, experts, new TopKOptions { TopK = c.Whole("choices"), Score = score, BalanceScope = BalanceScope.Sequence, BalanceCoefficient = c.Number("coefficient", 1) }, new Philox(0));
            Routing routing = gate.Decide(bySequence, new RoutingContext { Sequences = batch });
            c.CheckScalar($"losses.{name}", routing.TotalLoss()!.ToDouble());
            c.Check($"grad.{name}.logits", MoeCase.Gradient(routing.TotalLoss(), logits));
            c.Check("output.expert", routing.Choices!.Reshape([batch, length, routing.Choices!.Shape[1]]).Permute([1, 0, 2]));
        }
    }

    private static void GlobalBatch(MoeCase c)
    {
        Tensor logits = c.Input("logits"); // [micro-batches, tokens, experts]
        using TopKGate gate = new(1, c.Whole("experts"), new TopKOptions { TopK = c.Whole("choices"), BalanceScope = BalanceScope.GlobalBatch, BalanceCoefficient = c.Number("coefficient", 1) }, new Philox(0));
        List<double> losses = [];
        List<int> chosen = [];
        Tensor sum = Tensor.Scalar(0, c.Type);
        // What the step before left behind must not matter.
        gate.Decide(Part(logits, 1), default);
        gate.EndStep();
        for (int batch = 0; batch < logits.Shape[0]; batch++)
        {
            Routing routing = gate.Decide(Part(logits, batch), default);
            losses.Add(routing.TotalLoss()!.ToDouble());
            chosen.AddRange(routing.Choices!.ToArray<int>());
            sum += routing.TotalLoss()!;
        }
        c.Check("output.expert", chosen);
        c.Check("grad.logits", MoeCase.Gradient(sum, logits));
        double[] want = [.. c.Scalars.GetProperty("losses").GetProperty("per_micro_batch").EnumerateArray().Select(static value => value.GetDouble())];
        for (int batch = 0; batch < want.Length; batch++) Assert.Equal(want[batch], losses[batch], c.Type == ElementType.Float64 ? 1e-10 : 2e-5);
        c.PassOver("scalars.losses.per_micro_batch");
    }

    private static void Limits(MoeCase c)
    {
        Tensor uniform = c.Read("input.uniform");
        int tokens = uniform.Shape[0], experts = uniform.Shape[1];
        // Equal probabilities with equal counts: token t takes expert t mod experts.
        Choices even = new(Tensor.From([.. Enumerable.Range(0, tokens).Select(token => token % experts)], [tokens, 1]));
        c.CheckScalar("losses.uniform probabilities, uniform counts", LoadBalance.Loss(uniform.Softmax(), even, BalanceOver.AllChoices, BalanceScope.Batch, 1, null, default).ToDouble());
        c.CheckScalar("losses.collapse to one expert", Balance(c, c.Read("input.collapsed"), default).ToDouble());
        using TopKGate gate = new(1, experts, new TopKOptions { TopK = 1, BalanceCoefficient = 0, ZCoefficient = 1 }, new Philox(0));
        c.CheckScalar("losses.z of all-zero logits", gate.Decide(Tensor.Zeros(uniform.Shape, c.Type), default).TotalLoss()!.ToDouble());
    }

    private static Tensor Balance(MoeCase c, Tensor logits, RoutingContext context, BalanceOver over = BalanceOver.AllChoices)
    {
        using TopKGate gate = new(1, c.Whole("experts"), new TopKOptions { TopK = c.Whole("choices"), BalanceOver = over, BalanceCoefficient = c.Number("coefficient", 1) }, new Philox(0));
        return gate.Decide(logits, context).TotalLoss()!;
    }

    private static Tensor Part(Tensor logits, int index) => logits.Slice(0, index, index + 1).Reshape(logits.Shape.Without(0));
}

using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Gradients inside functions, and small networks whose Hessian products are known.</summary>
internal static class SecondOrderCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["mlp_loss"] = static c => Tensor.CrossEntropy(Mlp(c), Tensor.From(c.Integers("targets"), [c["x"].Shape[0]])),
        ["gradient_penalty_mlp"] = GradientPenaltyMlp,
        ["gradient_penalty_attention"] = GradientPenaltyAttention,
        ["gradient_penalty_tanh"] = static c =>
        {
            Tensor inner = (Tensor.MatMul(c["x"], c["w"]).Tanh() * c["pick"]).Sum();
            return Gradients.Of(inner, [c["x"]], createGraph: true)[0].Square().Sum();
        },
        ["block_loss"] = BlockLoss,
    };

    private static Tensor Mlp(TorchCase c)
    {
        Tensor h = Tensor.LayerNorm(Tensor.Linear(c["x"], c["w1"], c["b1"]), c["gain"], c["shift"], 1, 1e-5).Softplus();
        return Tensor.Linear(h, c["w2"], c["b2"]);
    }

    private static TorchOutputs GradientPenaltyMlp(TorchCase c)
    {
        Tensor g = Gradients.Of((Mlp(c) * c["pick"]).Sum(), [c["x"]], createGraph: true)[0];
        Tensor penalty = (g.Square().Sum([-1]).Sqrt() - c.Number("target")).Square().Mean();
        return new() { ["g"] = g, ["penalty"] = penalty };
    }

    private static TorchOutputs GradientPenaltyAttention(TorchCase c)
    {
        Tensor seen = Tensor.Attention(c["q"].Transpose(1, 2), c["k"].Transpose(1, 2), c["v"].Transpose(1, 2), new AttentionMask(c.Flag("causal"))).Transpose(1, 2);
        Tensor[] gradients = Gradients.Of((seen * c["pick"]).Sum(), [c["q"], c["k"], c["v"]], createGraph: true);
        return gradients[0].Square().Sum() + gradients[1].Square().Sum() + gradients[2].Square().Sum();
    }

    private static TorchOutputs BlockLoss(TorchCase c)
    {
        Tensor x = c["x"]; // [batch, tokens, width]
        int batch = x.Shape[0], tokens = x.Shape[1], heads = c.Integer("heads"), kvHeads = c.Integer("kv_heads"), headWidth = c["wq"].Shape[0] / heads;
        RotaryTable table = new(c.Number("theta"), headWidth, tokens, c.Type);
        Tensor positions = Tensor.From(Enumerable.Range(0, tokens).ToArray(), [tokens]);
        double epsilon = c.Number("eps");

        Tensor h = Tensor.RmsNorm(x, c["n1"], epsilon);
        Tensor q = Tensor.Rotary(Heads(c["wq"], heads), positions, table), k = Tensor.Rotary(Heads(c["wk"], kvHeads), positions, table);
        Tensor seen = Tensor.Attention(q, k, Heads(c["wv"], kvHeads), new AttentionMask(Causal: true));
        Tensor middle = x + Tensor.Linear(seen.Reshape([batch, tokens, heads * headWidth]), c["wo"]);
        Tensor normal = Tensor.RmsNorm(middle, c["n2"], epsilon);
        Tensor hidden = Tensor.SwiGlu(Tensor.Linear(normal, c["wg"]), Tensor.Linear(normal, c["wu"]));
        return (middle + Tensor.Linear(hidden, c["wd"])).Square().Mean();

        Tensor Heads(Tensor weight, int count) => Tensor.Linear(h, weight).Reshape([batch, tokens, count, headWidth]);
    }
}

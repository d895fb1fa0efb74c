using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Attention and rotary positions. The fixtures hold [batch, heads, tokens, width], the engine [batch, tokens, heads, width].</summary>
internal static class AttentionCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["attention"] = static c => Tensor.Attention(
            c["q"].Transpose(1, 2), c["k"].Transpose(1, 2), c["v"].Transpose(1, 2),
            new AttentionMask(c.Flag("causal"), c.OptionalInteger("window"), c.Integer("query_offset")),
            c.OptionalNumber("scale"), c.Optional("key_mask"), c.Optional("bias")).Transpose(1, 2),
        ["rope"] = Rope,
        ["multi_head_attention"] = MultiHeadAttention,
    };

    private static TorchOutputs Rope(TorchCase c)
    {
        int last = c["positions"].ToArray<int>().Max();
        RotaryLayout layout = c.Text("layout") == "half" ? RotaryLayout.Half : RotaryLayout.Interleaved;
        // Not disposed here: the gradient, which is a rotation too, reads it again.
        RotaryTable table = new(c.Number("theta"), c.Integer("dims"), last + 1, c.Type);
        return Tensor.Rotary(c["x"].Transpose(1, 2), c["positions"], table, layout).Transpose(1, 2);
    }

    private static TorchOutputs MultiHeadAttention(TorchCase c)
    {
        int heads = c.Integer("heads"), width = c["query"].Shape[2];
        Tensor[] projected = new Tensor[3];
        foreach ((int i, string name) in ((string[])["query", "key", "value"]).Index())
        {
            Tensor x = c[name];
            Tensor weight = c["in_proj_weight"].Slice(0, i * width, (i + 1) * width), bias = c["in_proj_bias"].Slice(0, i * width, (i + 1) * width);
            projected[i] = Tensor.Linear(x, weight, bias).Reshape([x.Shape[0], x.Shape[1], heads, width / heads]);
        }
        Tensor seen = Tensor.Attention(projected[0], projected[1], projected[2], new AttentionMask(c.Flag("causal")), keyMask: c.Optional("key_mask"));
        return Tensor.Linear(seen.Reshape(c["query"].Shape), c["out_proj_weight"], c["out_proj_bias"]);
    }
}

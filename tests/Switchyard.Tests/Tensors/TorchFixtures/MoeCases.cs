using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>A softmax top-k router and a sparse layer, put together from rows by number and grouped products.</summary>
internal static class MoeCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["router"] = static c => Router(c["logits"], c.Integer("top_k"), c.Flag("renormalise")),
        ["moe_layer"] = Layer,
    };

    private static TorchOutputs Router(Tensor logits, int choices, bool renormalise)
    {
        int tokens = logits.Shape[0], experts = logits.Shape[1];
        Tensor p = logits.Softmax(); // [tokens, experts]
        double[] values = p.Type == ElementType.Float64 ? p.ToArray<double>() : Array.ConvertAll(p.ToArray<float>(), x => (double)x);
        int[] chosen = [.. Enumerable.Range(0, tokens).SelectMany(t => Enumerable.Range(0, experts).OrderByDescending(e => values[t * experts + e]).Take(choices))];

        // The chosen entries are rows of width 1 of the flat probabilities.
        Tensor flat = Tensor.From([.. chosen.Select((e, pair) => pair / choices * experts + e)], [tokens * choices]);
        Tensor weights = Tensor.GatherRows(p.Reshape([tokens * experts, 1]), flat).Reshape([tokens, choices]);
        if (renormalise) weights /= weights.Sum([-1], keepAxes: true);

        double[] share = new double[experts];
        foreach (int e in chosen) share[e] += 1.0 / chosen.Length;
        Tensor f = p.Type == ElementType.Float64 ? Tensor.From(share, [experts]) : Tensor.From(Array.ConvertAll(share, x => (float)x), [experts]);
        return new()
        {
            ["weights"] = weights,
            ["experts"] = Tensor.From(chosen, [tokens, choices]),
            ["balance"] = (p.Mean([0]) * f).Sum() * experts,
            ["z"] = logits.LogSumExp().Square().Mean(),
        };
    }

    private static TorchOutputs Layer(TorchCase c)
    {
        Tensor x = c["x"]; // [tokens, width]
        int choices = c.Integer("top_k"), experts = c["router"].Shape[0];
        TorchOutputs outputs = Router(Tensor.Linear(x, c["router"]), choices, c.Flag("renormalise"));
        int[] chosen = outputs["experts"].ToArray<int>();
        int[] order = [.. Enumerable.Range(0, chosen.Length).OrderBy(pair => chosen[pair])]; // pairs by expert
        Tensor offsets = Tensor.From([.. Enumerable.Range(0, experts + 1).Select(e => chosen.Count(choice => choice < e))], [experts + 1]);
        Tensor tokenOf = Tensor.From(Array.ConvertAll(order, pair => pair / choices), [order.Length]);
        Tensor weights = Tensor.GatherRows(outputs["weights"].Reshape([order.Length, 1]), Tensor.From(order, [order.Length])).Reshape([order.Length]);

        Tensor rows = Tensor.GatherRows(x, tokenOf); // [pairs, width]
        Tensor hidden = Tensor.SwiGlu(Tensor.GroupedLinear(rows, c["gate"], offsets), Tensor.GroupedLinear(rows, c["up"], offsets));
        Tensor answers = Tensor.GroupedLinear(hidden, c["down"], offsets);
        outputs["y"] = Tensor.ScatterAddRows(answers, tokenOf, x.Shape[0], weights);
        return outputs;
    }
}

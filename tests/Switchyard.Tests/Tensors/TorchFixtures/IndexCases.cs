using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Running sums, ordering, gathering and scattering, moving data about.</summary>
internal static class IndexCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["cumsum"] = static c => c["x"].CumulativeSum(c.Integer("dim")),
        ["topk"] = static c => Outputs(c["x"].TopK(c.Integer("k"), c.Integer("dim"), c.Flag("largest"))),
        ["sort"] = static c => Outputs(c["x"].Sort(c.Integer("dim"), c.Flag("descending"))),
        ["argsort"] = static c => c["x"].ArgSort(c.Integer("dim"), c.Flag("descending")),
        ["gather"] = static c => c["x"].Gather(c.Integer("dim"), c["index"]),
        ["scatter_add"] = static c => c["x"].ScatterAdd(c.Integer("dim"), c["index"], c["source"]),
        ["index_select"] = static c => c["x"].IndexSelect(c.Integer("dim"), c["index"]),
        ["index_add"] = static c => c["x"].IndexAdd(c.Integer("dim"), c["index"], c["source"], c.Number("alpha")),
        ["embedding"] = static c => Tensor.Embedding(c["weight"], c["ids"], c.OptionalInteger("padding_index")),
        ["concat"] = static c => Tensor.Concat([.. c.Inputs.Values], c.Integer("dim")),
        ["stack"] = static c => Tensor.Stack([.. c.Inputs.Values], c.Integer("dim")),
        ["split"] = Split,
        ["slice"] = static c => c["x"].Slice(c.Integer("dim"), c.Integer("start"), c.Integer("stop"), c.Integer("step")),
        ["flip"] = static c => c["x"].Flip(c.Integers("dims")),
        ["roll"] = static c => c["x"].Roll(c.Integer("dim"), c.Integer("shift")),
        ["transpose"] = static c => c["x"].Transpose(c.Integer("dim0"), c.Integer("dim1")),
        ["permute"] = static c => c["x"].Permute(c.Integers("dims")),
        ["reshape"] = Reshape,
        ["expand"] = static c => c["x"].Expand(Shape.Create(c.Integers("shape"))),
        ["tile"] = static c => c["x"].Tile(c.Integers("counts")),
        ["repeat_interleave"] = static c => c["x"].RepeatInterleave(c.Integer("dim"), c.Integer("repeats")),
        ["pad"] = Pad,
        ["triangle"] = static c => c.Flag("lower") ? c["x"].LowerTriangle(c.Integer("diagonal")) : c["x"].UpperTriangle(c.Integer("diagonal")),
        ["one_hot"] = static c => c["ids"].OneHot(c.Integer("classes")),
        ["bincount"] = static c => c["ids"].BinCount(c.Integer("minimum_length")),
    };

    private static TorchOutputs Outputs(Chosen chosen) => new() { ["values"] = chosen.Values, ["indices"] = chosen.Indices };

    private static TorchOutputs Split(TorchCase c)
    {
        TorchOutputs outputs = [];
        foreach (Tensor part in c["x"].Split(c.Integer("dim"), c.Integers("sizes"))) outputs.Add($"y{outputs.Count}", part);
        return outputs;
    }

    private static TorchOutputs Reshape(TorchCase c)
    {
        int[] extents = c.Integers("shape");
        long known = extents.Where(static extent => extent >= 0).Aggregate(1L, static (product, extent) => product * extent);
        return c["x"].Reshape(Shape.Create(Array.ConvertAll(extents, extent => extent >= 0 ? extent : (int)(c["x"].Elements / known))));
    }

    private static TorchOutputs Pad(TorchCase c)
    {
        (int, int)[] pads = [.. c.Attribute("pads").EnumerateArray().Select(static pair => (pair[0].GetInt32(), pair[1].GetInt32()))];
        return c["x"].Pad(pads, Enum.Parse<Padding>(c.Text("mode"), ignoreCase: true), c.Number("value"));
    }
}

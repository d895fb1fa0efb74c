using System.Text.Json;
using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Long short-term memories of any number of layers, in one direction or both, put together from one walk through time.</summary>
internal static class RecurrentCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["lstm"] = Lstm,
        ["lstm_cell"] = static c =>
        {
            Tensor states = Walk(c["x"].Reshape([c["x"].Shape[0], 1, c["x"].Shape[1]]), Tensor.Concat([c["h"], c["c"]], 1), c["weight_ih"], c["weight_hh"], c["bias_ih"] + c["bias_hh"], reverse: false);
            return Last("h", "c", states);
        },
    };

    /// <summary>Why a case cannot run; null if it can.</summary>
    public static string? Missing(string op, JsonElement source)
        => op == "lstm" && source.GetProperty("attributes").GetProperty("projection").GetInt32() > 0 ? "no LSTM has a projection yet" : null;

    private static TorchOutputs Lstm(TorchCase c)
    {
        bool batchFirst = c.Flag("batch_first");
        int directions = c.Flag("bidirectional") ? 2 : 1;
        Tensor x = batchFirst ? c["x"] : c["x"].Transpose(0, 1); // [batch, time, in]
        int batch = x.Shape[0], time = x.Shape[1], hidden = c.Integer("hidden");
        List<Tensor> hiddens = [], cells = [];
        for (int layer = 0; layer < c.Integer("layers"); layer++)
        {
            Tensor[] both = new Tensor[directions];
            for (int direction = 0; direction < directions; direction++)
            {
                int index = layer * directions + direction;
                string suffix = $"_l{layer}{(direction == 1 ? "_reverse" : "")}";
                Tensor initial = Tensor.Concat([c["h0"].Slice(0, index, index + 1), c["c0"].Slice(0, index, index + 1)], 2).Reshape([batch, 2 * hidden]);
                Tensor states = Walk(x, initial, c[$"weight_ih{suffix}"], c[$"weight_hh{suffix}"], c[$"bias_ih{suffix}"] + c[$"bias_hh{suffix}"], direction == 1);
                int end = direction == 1 ? 0 : time - 1;
                Tensor last = states.Slice(1, end, end + 1).Reshape([1, batch, 2 * hidden]);
                hiddens.Add(last.Slice(2, 0, hidden));
                cells.Add(last.Slice(2, hidden, 2 * hidden));
                both[direction] = states.Slice(2, 0, hidden);
            }
            x = Tensor.Concat(both, 2);
        }
        return new() { ["y"] = batchFirst ? x : x.Transpose(0, 1), ["hn"] = Tensor.Concat([.. hiddens], 0), ["cn"] = Tensor.Concat([.. cells], 0) };
    }

    private static Tensor Walk(Tensor x, Tensor initial, Tensor input, Tensor recurrent, Tensor bias, bool reverse)
    {
        Tensor projected = Tensor.Linear(x, input, bias);
        return reverse ? Backwards(Tensor.Lstm(Backwards(projected), recurrent, initial)) : Tensor.Lstm(projected, recurrent, initial);
    }

    private static Tensor Backwards(Tensor x) => Tensor.Concat([.. Enumerable.Range(0, x.Shape[1]).Reverse().Select(step => x.Slice(1, step, step + 1))], 1);

    private static TorchOutputs Last(string hidden, string cell, Tensor states)
    {
        int width = states.Shape[2] / 2;
        Tensor last = states.Reshape([states.Shape[0], 2 * width]);
        return new() { [hidden] = last.Slice(1, 0, width), [cell] = last.Slice(1, width, 2 * width) };
    }
}

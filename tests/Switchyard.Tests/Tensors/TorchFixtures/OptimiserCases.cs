using System.Text.Json;
using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Optimisers with stored gradients, and clipping.</summary>
internal static class OptimiserCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["sgd"] = static c => Run(c, (parameters, decay) => new Sgd(parameters, c.Number("momentum"), c.Number("dampening"), c.Flag("nesterov"), decay)),
        ["adamw"] = static c =>
        {
            Assert.SkipWhen(c.Flag("amsgrad"), "AMSGrad is not here yet");
            return Run(c, (parameters, decay) => new AdamW(parameters, c.Number("beta1"), c.Number("beta2"), c.Number("eps"), decay));
        },
        ["clip_grad_norm"] = Clip,
    };

    private static TorchOutputs Run(TorchCase c, Func<IEnumerable<(string, Tensor)>, WeightDecay, Optimiser> make)
    {
        string[] names = [.. c.Attribute("parameters").EnumerateArray().Select(static name => name.GetString()!)];
        int steps = c.Integer("steps");
        double[] rates = c.Numbers("lr");
        TorchOutputs outputs = [];
        foreach (string name in names) outputs[name] = Tensor.Empty([steps, .. c[name].Shape], c.Type);
        using Optimiser optimiser = make(names.Select(name => (name, c[name])), Decay(c));
        for (int step = 0; step < steps; step++)
        {
            foreach (string name in names) c[name].Gradient = Row(c[$"g.{name}"], step, c[name].Shape);
            optimiser.Step(rates[step]);
            foreach (string name in names) CopyToRow(c[name], outputs[name], step);
        }
        foreach ((string name, Tensor state) in optimiser.State) outputs[name] = state.Clone();
        return outputs;
    }

    private static WeightDecay Decay(TorchCase c)
    {
        JsonElement rates = c.Attribute("weight_decay");
        double[] different = [.. rates.EnumerateObject().Select(static rate => rate.Value.GetDouble()).Where(static rate => rate > 0).Distinct()];
        Assert.SkipWhen(different.Length > 1, "one rate of decay for all that decays");
        return new WeightDecay(different.Append(0).First(), (name, _) => rates.GetProperty(name).GetDouble() > 0);
    }

    private static TorchOutputs Clip(TorchCase c)
    {
        (string Name, Tensor Tensor)[] parameters = [.. c.Inputs.Select(input => (input.Key, Tensor.Zeros(input.Value.Shape, c.Type)))];
        foreach ((string name, Tensor parameter) in parameters) parameter.Gradient = c[name];
        double norm = c.Text("norm") == "infinity" ? GradientNorm.Maximum(parameters) : GradientNorm.Euclidean(parameters);
        TorchOutputs outputs = new() { ["total"] = Tensor.Scalar(norm, c.Type) };
        foreach ((string name, Tensor parameter) in parameters) outputs[name] = parameter.Gradient! * GradientNorm.Clip(norm, c.Number("max_norm"));
        return outputs;
    }

    private static Tensor Row(Tensor rows, int row, Shape shape)
    {
        int length = (int)shape.Elements;
        return rows.Type == ElementType.Float32
            ? Tensor.From(rows.AsReadOnlySpan<float>().Slice(row * length, length), shape)
            : Tensor.From(rows.AsReadOnlySpan<double>().Slice(row * length, length), shape);
    }

    private static void CopyToRow(Tensor values, Tensor rows, int row)
    {
        int start = row * (int)values.Elements;
        if (rows.Type == ElementType.Float32) values.AsReadOnlySpan<float>().CopyTo(rows.AsSpan<float>()[start..]);
        else values.AsReadOnlySpan<double>().CopyTo(rows.AsSpan<double>()[start..]);
    }
}

using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Fans, bounds and deviations of initial weights.</summary>
internal static class InitCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["init_xavier_uniform"] = Xavier,
        ["init_xavier_normal"] = Xavier,
        ["init_kaiming_uniform"] = Kaiming,
        ["init_kaiming_normal"] = Kaiming,
        ["init_gain"] = static c => Number(Gain(c)),
        ["init_truncated_normal"] = TruncatedNormal,
        ["init_default_linear"] = static c => Bounds(c.Integer("in")),
        ["init_default_conv"] = static c => Bounds(c.Integer("in") / c.Integer("groups") * c.Integers("kernel").Aggregate(1, static (product, extent) => product * extent)),
        ["init_default_recurrent"] = static c => Number(Initialisation.DefaultBound(c.Integer("hidden"))),
    };

    private static TorchOutputs Xavier(TorchCase c)
    {
        Shape shape = Shape.Create(c.Integers("shape"));
        (int fanIn, int fanOut) = Initialisation.Fans(shape);
        double deviation = Initialisation.XavierDeviation(shape, c.Number("gain"));
        return new() { ["fan_in"] = Whole(fanIn), ["fan_out"] = Whole(fanOut), ["deviation"] = Number(deviation), ["bound"] = Number(Initialisation.UniformBound(deviation)) };
    }

    private static TorchOutputs Kaiming(TorchCase c)
    {
        (int fanIn, int fanOut) = Initialisation.Fans(Shape.Create(c.Integers("shape")));
        int fan = c.Text("mode") == "fan_in" ? fanIn : fanOut;
        double deviation = Initialisation.KaimingDeviation(fan, Gain(c));
        return new() { ["fan"] = Whole(fan), ["deviation"] = Number(deviation), ["bound"] = Number(Initialisation.UniformBound(deviation)) };
    }

    private static TorchOutputs TruncatedNormal(TorchCase c)
    {
        (double mean, double deviation, double low, double high) = (c.Number("mean"), c.Number("deviation"), c.Number("low"), c.Number("high"));
        (double truncatedMean, double truncatedDeviation) = Initialisation.TruncatedNormalMoments(mean, deviation, low, high);
        // The quantiles of a large sample: a statistical bound, wider than the case's tolerance.
        double[] sample = Tensor.TruncatedNormal([1 << 16], mean, deviation, low, high, new Philox(7), ElementType.Float64).ToArray<double>();
        Array.Sort(sample);
        Assert.InRange(sample[0], low, high);
        Assert.InRange(sample[^1], low, high);
        double[] expected = c.Read($"{c.Source.GetProperty("name").GetString()}.output.quantiles").ToArray<double>();
        double[] shares = [0.05, 0.25, 0.5, 0.75, 0.95];
        for (int i = 0; i < shares.Length; i++) Assert.Equal(expected[i], sample[(int)(shares[i] * sample.Length)], 0.02 * deviation);
        return new() { ["mean"] = Number(truncatedMean), ["deviation"] = Number(truncatedDeviation), ["quantiles"] = Tensor.From(expected, [shares.Length]) };
    }

    private static double Gain(TorchCase c)
        => Initialisation.Gain(Enum.Parse<Nonlinearity>(c.Text("nonlinearity").Replace("_", "", StringComparison.Ordinal), ignoreCase: true), c.Number("slope"));

    private static TorchOutputs Bounds(int fan)
    {
        Tensor bound = Number(Initialisation.DefaultBound(fan));
        return new() { ["weight_bound"] = bound, ["bias_bound"] = bound };
    }

    private static Tensor Number(double value) => Tensor.Scalar(value, ElementType.Float64);

    private static Tensor Whole(int value) => Tensor.Scalar(value, ElementType.Int32);
}

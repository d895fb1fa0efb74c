using System.Text.Json;
using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Compares tensors with those of a case, by the case's tolerance, and gathers what differs.</summary>
internal sealed class TorchComparison
{
    private readonly TorchCase _case;
    private readonly double _relative;
    private readonly double _absolute;
    private readonly List<string> _differences = [];

    public TorchComparison(TorchCase c)
    {
        _case = c;
        JsonElement tolerance = c.Source.GetProperty(c.Type == ElementType.Float32 ? "tolerance32" : "tolerance64");
        (_relative, _absolute) = (tolerance.GetProperty("relative").GetDouble(), tolerance.GetProperty("absolute").GetDouble());
    }

    /// <param name="what">What is compared, for the message.</param>
    /// <param name="got">What came out.</param>
    /// <param name="entry">An output, gradient or second-order entry of the manifest.</param>
    public void Check(string what, Tensor got, JsonElement entry)
    {
        int[] shape = [.. entry.GetProperty("shape").EnumerateArray().Select(static extent => extent.GetInt32())];
        if (!got.Shape.AsSpan().SequenceEqual(shape))
        {
            _differences.Add($"{what}: shape {got.Shape}, expected [{string.Join(", ", shape)}]");
            return;
        }
        Tensor want = _case.Read(entry.GetProperty("tensor").GetString()!);
        bool isExact = entry.TryGetProperty("compare", out JsonElement compare) && compare.GetString() == "exact";
        if (isExact && got.Type != want.Type)
        {
            _differences.Add($"{what}: {got.Type}, expected {want.Type}");
            return;
        }
        double[] gotNumbers = Numbers(got), wantNumbers = Numbers(want);
        double scale = isExact ? 0 : entry.GetProperty("scale").GetDouble();
        int wrong = 0, worst = -1;
        double worstExcess = 0;
        for (int i = 0; i < wantNumbers.Length; i++)
        {
            double excess = isExact
                ? (gotNumbers[i] == wantNumbers[i] ? 0 : double.PositiveInfinity)
                : Excess(gotNumbers[i], wantNumbers[i], scale);
            if (excess <= 1) continue;
            wrong++;
            if (worst >= 0 && excess <= worstExcess) continue;
            (worst, worstExcess) = (i, excess);
        }
        if (wrong > 0) _differences.Add($"{what}: {wrong} of {wantNumbers.Length} differ; worst at {worst}: {gotNumbers[worst]:R}, expected {wantNumbers[worst]:R}, {worstExcess:g3} times the tolerance");
    }

    /// <summary>Fails the test if anything differed.</summary>
    public void Report() => Assert.True(_differences.Count == 0, string.Join("\n", _differences));

    /// <summary>How far apart, as a multiple of the tolerance.</summary>
    private double Excess(double got, double want, double scale)
    {
        if (double.IsNaN(want)) return double.IsNaN(got) ? 0 : double.PositiveInfinity;
        if (got == want) return 0;
        double excess = Math.Abs(got - want) / (_relative * Math.Abs(want) + _absolute * scale);
        return double.IsFinite(excess) && double.IsFinite(want) ? excess : double.PositiveInfinity;
    }

    private static double[] Numbers(Tensor tensor) => tensor.Type switch
    {
        ElementType.Float32 => Array.ConvertAll(tensor.ToArray<float>(), static x => (double)x),
        ElementType.Float64 => tensor.ToArray<double>(),
        _ => Array.ConvertAll(tensor.ToArray<int>(), static x => (double)x),
    };
}

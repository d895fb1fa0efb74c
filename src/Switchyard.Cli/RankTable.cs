using System.Globalization;
using System.Text.Json.Nodes;
using Switchyard.Training.Reports;

namespace Switchyard.Cli;

/// <summary>Where the time of each rank went in a step of training.</summary>
/// <param name="ranks">The means over a run, rank by rank.</param>
internal sealed class RankTable(IReadOnlyList<RankMetrics> ranks)
{
    private const double Milli = 1e3;

    /// <summary>A line per rank, and one that names whom the others wait for.</summary>
    public IEnumerable<string> Lines()
    {
        yield return "ms per step    compute   exchange       wait";
        for (int rank = 0; rank < ranks.Count; rank++)
            yield return string.Create(CultureInfo.InvariantCulture, $"rank {rank,-6} {Milli * ranks[rank].ComputeSeconds,10:f2} {Milli * ranks[rank].ExchangeSeconds,10:f2} {Milli * ranks[rank].WaitSeconds,10:f2}");
        double[] computed = [.. ranks.Select(static rank => rank.ComputeSeconds)];
        yield return string.Create(CultureInfo.InvariantCulture, $"rank {Array.IndexOf(computed, computed.Max())} computes longest, {computed.Max() / computed.Average():f2} times the mean; not computing: {ranks.Average(NotComputing):p0} of a step");
    }

    /// <summary>The same for <c>--json</c>.</summary>
    public JsonArray ToJson() => new([.. ranks.Select(static rank => (JsonNode)new JsonObject
    {
        ["compute_seconds"] = rank.ComputeSeconds,
        ["exchange_seconds"] = rank.ExchangeSeconds,
        ["wait_seconds"] = rank.WaitSeconds,
    })]);

    private static double NotComputing(RankMetrics rank) => 1 - rank.ComputeSeconds / (rank.ComputeSeconds + rank.ExchangeSeconds + rank.WaitSeconds);
}

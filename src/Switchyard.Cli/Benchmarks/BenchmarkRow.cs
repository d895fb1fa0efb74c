using System.Text.Json.Nodes;

namespace Switchyard.Cli.Benchmarks;

/// <summary>One measured thing beside the limit it is held against.</summary>
/// <param name="Name">What was measured, as group/thing.</param>
/// <param name="Threads">With how many threads.</param>
/// <param name="Ours">How much we reach.</param>
/// <param name="Unit">Of what.</param>
/// <param name="OfLimit">Which share of the limit that is.</param>
/// <param name="Limit">Which limit.</param>
internal sealed record BenchmarkRow(string Name, int Threads, double Ours, string Unit, double OfLimit, string Limit)
{
    /// <summary>The row for <c>--json</c>.</summary>
    public JsonObject ToJson() => new()
    {
        ["name"] = Name,
        ["threads"] = Threads,
        ["ours"] = Ours,
        ["unit"] = Unit,
        ["of_limit"] = OfLimit,
        ["limit"] = Limit,
    };

    /// <summary>The row for people.</summary>
    public override string ToString() => $"{Name}, {Threads} thread{(Threads == 1 ? "" : "s")}: {Ours:N0} {Unit}, {OfLimit:f2} of {Limit}";
}

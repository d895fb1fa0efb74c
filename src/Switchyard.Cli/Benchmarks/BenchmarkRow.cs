using System.Globalization;
using System.Text.Json.Nodes;

namespace Switchyard.Cli.Benchmarks;

/// <summary>One measured thing beside the peer and the limit it is held against.</summary>
/// <param name="Name">What was measured, as group/thing.</param>
/// <param name="Threads">With how many threads.</param>
/// <param name="Ours">How much we reach.</param>
/// <param name="Unit">Of what.</param>
internal sealed record BenchmarkRow(string Name, int Threads, double Ours, string Unit)
{
    /// <summary>Who else did the same work, if somebody did.</summary>
    public string? Peer { get; init; }

    /// <summary>How much the peer reached.</summary>
    public double? PeerValue { get; init; }

    /// <summary>How many times the peer's figure ours is.</summary>
    public double? Ratio => Ours / PeerValue;

    /// <summary>Which limit bounds the work, if one is known.</summary>
    public string? Limit { get; init; }

    /// <summary>Which share of the limit we reach.</summary>
    public double? OfLimit { get; init; }

    /// <summary>What else was measured, under names for <c>--json</c>.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> Figures { get; init; } = [];

    /// <summary>The row for <c>--json</c>.</summary>
    public JsonObject ToJson()
    {
        JsonObject row = new() { ["name"] = Name, ["threads"] = Threads, ["ours"] = Ours, ["unit"] = Unit };
        if (Peer is not null) (row["peer"], row["peer_value"], row["ratio"]) = (Peer, PeerValue, Ratio);
        if (Limit is not null) (row["of_limit"], row["limit"]) = (OfLimit, Limit);
        foreach ((string name, double value) in Figures) row[name] = value;
        return row;
    }

    /// <summary>The row that <see cref="ToJson"/> wrote.</summary>
    public static BenchmarkRow FromJson(JsonNode row) => new((string)row["name"]!, (int)row["threads"]!, (double)row["ours"]!, (string)row["unit"]!)
    {
        Peer = (string?)row["peer"],
        PeerValue = (double?)row["peer_value"],
        Limit = (string?)row["limit"],
        OfLimit = (double?)row["of_limit"],
    };

    /// <summary>The row for people, whose columns stand below those of other rows.</summary>
    public override string ToString()
    {
        string against = Peer is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{Ratio,7:f2} of {Peer}");
        string share = Limit is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{OfLimit,7:f2} of {Limit}");
        string figures = string.Join("  ", Figures.Select(static figure => $"{figure.Key} {Figure(figure.Value)}"));
        return string.Create(CultureInfo.InvariantCulture, $"{Name,-36} {Threads,2} thread{(Threads == 1 ? " " : "s")} {Figure(Ours),10} {Unit,-9}{against,-28}{share,-24} {figures}").TrimEnd();
    }

    private static string Figure(double value) => value.ToString(value < 1000 ? "f2" : "N0", CultureInfo.InvariantCulture);
}

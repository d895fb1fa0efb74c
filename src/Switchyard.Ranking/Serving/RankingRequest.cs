using System.Text.Json;
using Switchyard.Ranking.Data;

namespace Switchyard.Ranking.Serving;

/// <summary>A request as JSON has it: <c>{"query": {..}, "context": {..}, "candidates": [{"id": 7, ..}]}</c>, all but the candidates optional.</summary>
/// <param name="Place">Where it stands, for messages.</param>
/// <param name="Query">Query and context together.</param>
/// <param name="Candidates">What may be ranked, at least one.</param>
public sealed record RankingRequest(string Place, RankingQuery Query, IReadOnlyList<Candidate> Candidates)
{
    /// <summary>Reads a file of requests, one per line.</summary>
    /// <exception cref="SwitchyardException">It cannot be read, or a line is no request.</exception>
    public static IEnumerable<RankingRequest> Read(string path)
    {
        IEnumerable<string> lines;
        try
        {
            lines = [.. File.ReadLines(path)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot read '{path}': {failure.Message.ReplaceLineEndings(" ")}", "name a file of requests that you may read", failure);
        }
        int line = 0;
        foreach (string text in lines)
        {
            line++;
            if (!string.IsNullOrWhiteSpace(text)) yield return Parse(text, $"{path}, line {line}");
        }
    }

    /// <summary>Reads one request.</summary>
    /// <param name="json">Its text.</param>
    /// <param name="place">Where it stands, for messages.</param>
    /// <exception cref="SwitchyardException">It is none.</exception>
    public static RankingRequest Parse(string json, string place)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            Dictionary<string, string> query = Part(root, "query");
            foreach ((string column, string cell) in Part(root, "context")) query[column] = cell;
            Candidate[] candidates = [.. root.GetProperty("candidates").EnumerateArray().Select(static candidate => new Candidate(candidate.GetProperty("id").GetInt64(), JsonLineReader.Cells(candidate)))];
            return candidates.Length > 0 ? new RankingRequest(place, new RankingQuery(query), candidates) : throw new SwitchyardException($"{place}: there are no candidates", "give at least one");
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            throw new SwitchyardException($"{place}: not a request", "give {\"query\": {..}, \"candidates\": [{\"id\": 7, ..}]} with ids that are whole numbers", failure);
        }
    }

    private static Dictionary<string, string> Part(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement part) ? JsonLineReader.Cells(part) : [];
}

using System.Globalization;
using Switchyard.Ranking.Features;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Serving;

/// <summary>Requests that look like those a schema was measured on, for checks and measurements.</summary>
public static class SampleRequests
{
    private const double UnseenShare = 0.05;
    private const int MostNames = 3;

    /// <summary>Draws one request.</summary>
    /// <param name="schema">What the columns mean.</param>
    /// <param name="candidates">How many candidates; their ids are 1, 2 and so on.</param>
    /// <param name="random">Draws it.</param>
    public static RankingRequest Draw(FeatureSchema schema, int candidates, Philox random)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(random);
        return new RankingRequest("a sample", new RankingQuery(Cells(schema, FeatureSide.Query, random)), [.. Enumerable.Range(1, candidates).Select(id => new Candidate(id, Cells(schema, FeatureSide.Candidate, random)))]);
    }

    private static Dictionary<string, string> Cells(FeatureSchema schema, FeatureSide side, Philox random)
    {
        Dictionary<string, string> cells = [];
        HashSet<string> others = [.. schema.Features.Where(feature => feature.Side != side && feature.Kind != FeatureKind.Cross).SelectMany(static feature => feature.Sources)];
        foreach (Feature feature in schema.Features.Where(feature => feature.Side == side).OrderBy(static feature => feature.Kind == FeatureKind.Cross))
            foreach (string column in feature.Sources.Where(column => !others.Contains(column))) cells.TryAdd(column, Cell(feature, random));
        return cells;
    }

    private static string Cell(Feature feature, Philox random) => feature.Kind switch
    {
        FeatureKind.Dense => Number(feature, random).ToString(CultureInfo.InvariantCulture),
        FeatureKind.Bag => string.Join(feature.Separator, Enumerable.Range(0, random.Next(Math.Min(MostNames, feature.MaxValues) + 1)).Select(_ => Name(feature, random))),
        _ => Name(feature, random),
    };

    private static double Number(Feature feature, Philox random) => feature.Form switch
    {
        DenseForm.Quantile when feature.Quantiles.Count > 0 => feature.Quantiles[random.Next(feature.Quantiles.Count)],
        DenseForm.Logarithm => Math.Max(0, Math.Exp(feature.Mean + feature.Deviation * random.NextNormal()) - 1),
        _ => feature.Mean + feature.Deviation * random.NextNormal(),
    };

    private static string Name(Feature feature, Philox random) => feature.Vocabulary.Count > 0 && random.NextDouble() >= UnseenShare
        ? feature.Vocabulary[random.Next(feature.Vocabulary.Count)]
        : string.Create(CultureInfo.InvariantCulture, $"unseen {random.Next(1 << 20)}");
}

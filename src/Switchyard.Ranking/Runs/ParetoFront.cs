using Switchyard.Ranking.Features;
using Switchyard.Ranking.Metrics;

namespace Switchyard.Ranking.Runs;

/// <summary>What ranking by one mixture of two heads brings to both.</summary>
/// <param name="Combination">How the scores become one.</param>
/// <param name="Weight">The weight of the second head; that of the first is what is left of 1.</param>
/// <param name="First">The mean NDCG of the first ten by the first label.</param>
/// <param name="Second">The same by the second.</param>
public readonly record struct ParetoPoint(Combination Combination, double Weight, double First, double Second);

/// <summary>Two goals that one order of candidates serves more or less: what can be had of both.</summary>
public static class ParetoFront
{
    private const int Steps = 10;
    private const int ListDepth = 10;

    /// <summary>Sweeps the weights of the first two heads of yes and no; none where there are fewer, or no lists.</summary>
    public static IReadOnlyList<ParetoPoint> Of(FeatureSchema schema, ScoredExamples scored)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(scored);
        int[] heads = [.. Enumerable.Range(0, schema.Tasks.Count).Where(task => schema.Tasks[task].Kind == TaskKind.Binary).Take(2)];
        if (heads.Length < 2 || schema.Group is null) return [];
        // What did not happen because the first did not happen is a no.
        double[][] labels = [.. heads.Select(head => Array.ConvertAll(scored.Labels[head], static label => double.IsNaN(label) ? 0 : label))];
        List<ParetoPoint> points = [];
        foreach (Combination combination in Enum.GetValues<Combination>())
        {
            for (int step = 0; step <= Steps; step++)
            {
                double weight = (double)step / Steps;
                double[] scores = [.. scored.Scores[heads[0]].Zip(scored.Scores[heads[1]], (a, b) => combination == Combination.Sum
                    ? ScoreCombination.Sum([a, b], [1 - weight, weight])
                    : ScoreCombination.Product([a, b], [1 - weight, weight]))];
                points.Add(new(combination, weight, GroupedAuc.MeanNdcg(scored.Groups, labels[0], scores, ListDepth), GroupedAuc.MeanNdcg(scored.Groups, labels[1], scores, ListDepth)));
            }
        }
        return points;
    }
}

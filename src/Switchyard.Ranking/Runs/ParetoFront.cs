using Switchyard.Ranking.Features;
using Switchyard.Ranking.Metrics;

namespace Switchyard.Ranking.Runs;

/// <summary>What ranking by one mixture of two heads brings to both.</summary>
/// <param name="Combination">How the scores become one: by a weighted sum or product.</param>
/// <param name="Weight">The weight of the second head; that of the first is what is left of 1.</param>
/// <param name="First">The mean NDCG of the first ten by the first label.</param>
/// <param name="Second">The same by the second.</param>
public readonly record struct ParetoPoint(string Combination, double Weight, double First, double Second)
{
    /// <summary>Whether another point brings more of one, and no less of the other.</summary>
    public bool IsBeatenBy(ParetoPoint other) => other.First >= First && other.Second >= Second && (other.First > First || other.Second > Second);
}

/// <summary>Two goals that one order of candidates serves more or less: what can be had of both.</summary>
public static class ParetoFront
{
    private const int Steps = 10;
    private const int ListDepth = 10;

    /// <summary>Sweeps the weights of the first two heads of yes and no; none where there are fewer, or no lists.</summary>
    /// <param name="schema">What the columns mean.</param>
    /// <param name="scored">The examples.</param>
    /// <param name="truth">What both heads should say of each example, where somebody knows; else they are judged by the labels.</param>
    public static IReadOnlyList<ParetoPoint> Of(FeatureSchema schema, ScoredExamples scored, IReadOnlyList<bool[]>? truth = null)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(scored);
        int[] heads = [.. Enumerable.Range(0, schema.Tasks.Count).Where(task => schema.Tasks[task].Kind == TaskKind.Binary).Take(2)];
        if (heads.Length < 2 || schema.Group is null) return [];
        // What did not happen because the first did not happen is a no.
        double[][] labels = truth is null
            ? [.. heads.Select(head => Array.ConvertAll(scored.Labels[head], static label => double.IsNaN(label) ? 0 : label))]
            : [.. truth.Select(static yes => Array.ConvertAll(yes, static one => one ? 1.0 : 0))];
        List<ParetoPoint> points = [];
        foreach (string combination in ScoreCombination.Weighted)
        {
            Combining combine = ScoreCombination.Parse(combination, []);
            for (int step = 0; step <= Steps; step++)
            {
                double weight = (double)step / Steps;
                double[] scores = [.. scored.Scores[heads[0]].Zip(scored.Scores[heads[1]], (a, b) => combine([a, b], [1 - weight, weight]))];
                points.Add(new(combination, weight, GroupedAuc.MeanNdcg(scored.Groups, labels[0], scores, ListDepth), GroupedAuc.MeanNdcg(scored.Groups, labels[1], scores, ListDepth)));
            }
        }
        return points;
    }
}

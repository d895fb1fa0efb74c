using Switchyard.Ranking.Calibration;
using Switchyard.Ranking.Metrics;

namespace Switchyard.Ranking.Runs;

/// <summary>How well a score tells true relevance, which only a simulated world knows.</summary>
/// <param name="Auc">The AUC.</param>
/// <param name="Ndcg">The mean NDCG of the first ten.</param>
/// <param name="Regret">Of the lists that have something relevant, the share whose first entry is not.</param>
/// <param name="CalibrationError">The expected calibration error of the score as a probability of relevance, before heads are calibrated on clicks.</param>
public sealed record TruthFigures(double Auc, double Ndcg, double Regret, double CalibrationError)
{
    private const int ListDepth = 10;

    /// <summary>Judges scores.</summary>
    /// <param name="relevant">Whether each candidate was relevant.</param>
    /// <param name="scores">Probabilities.</param>
    /// <param name="groups">The list of each candidate.</param>
    public static TruthFigures Of(bool[] relevant, double[] scores, int[] groups)
    {
        double[] labels = Array.ConvertAll(relevant, static one => one ? 1.0 : 0);
        return new(
            BinaryMetrics.Auc(labels, scores),
            GroupedAuc.MeanNdcg(groups, labels, scores, ListDepth),
            GroupedAuc.Mean(groups, labels, scores, ListMetrics.Regret),
            ReliabilityDiagram.ByWidth(labels, scores).Expected);
    }
}

using Switchyard.Ranking.Calibration;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Metrics;

namespace Switchyard.Ranking.Runs;

/// <summary>How well one task is predicted. A figure that a task does not have, or that cannot be computed, is NaN.</summary>
public sealed record TaskFigures
{
    private const int ListDepth = 10;

    /// <summary>The task.</summary>
    public required TaskColumn Task { get; init; }

    /// <summary>Examples where its label counts.</summary>
    public required int Examples { get; init; }

    /// <summary>The area under the ROC curve.</summary>
    public double Auc { get; init; } = double.NaN;

    /// <summary>The same within lists, weighted by their length.</summary>
    public double Gauc { get; init; } = double.NaN;

    /// <summary>The mean NDCG of the first ten of a list.</summary>
    public double Ndcg { get; init; } = double.NaN;

    /// <summary>The mean -ln of the probability of what came true.</summary>
    public double LogLoss { get; init; } = double.NaN;

    /// <summary>The expected calibration error, 10 bins of equal width.</summary>
    public double CalibrationError { get; init; } = double.NaN;

    /// <summary>The root of the mean squared error.</summary>
    public double Rmse { get; init; } = double.NaN;

    /// <summary>The mean absolute error.</summary>
    public double Mae { get; init; } = double.NaN;

    /// <summary>Probability against share, of a task of yes and no.</summary>
    public ReliabilityDiagram? Reliability { get; init; }

    /// <summary>Computes the figures of a task.</summary>
    /// <param name="task">The task.</param>
    /// <param name="labels">NaN where one does not count.</param>
    /// <param name="scores">Probabilities, or values.</param>
    /// <param name="groups">The list of each example; null where there are none.</param>
    public static TaskFigures Of(TaskColumn task, ReadOnlySpan<double> labels, ReadOnlySpan<double> scores, ReadOnlySpan<int> groups)
    {
        ArgumentNullException.ThrowIfNull(task);
        List<double> own = [], ownScores = [];
        List<int> ownGroups = [];
        for (int i = 0; i < labels.Length; i++)
        {
            if (double.IsNaN(labels[i])) continue;
            own.Add(labels[i]);
            ownScores.Add(scores[i]);
            if (!groups.IsEmpty) ownGroups.Add(groups[i]);
        }
        double[] y = [.. own], s = [.. ownScores];
        if (y.Length == 0) return new TaskFigures { Task = task, Examples = 0 };
        if (task.Kind == TaskKind.Regression)
        {
            double[] errors = [.. y.Zip(s, static (label, score) => score - label)];
            return new TaskFigures { Task = task, Examples = y.Length, Rmse = Math.Sqrt(errors.Average(static error => error * error)), Mae = errors.Average(Math.Abs) };
        }
        ReliabilityDiagram reliability = ReliabilityDiagram.ByWidth(y, s);
        return new TaskFigures
        {
            Task = task,
            Examples = y.Length,
            Auc = BinaryMetrics.Auc(y, s),
            Gauc = ownGroups.Count == 0 ? double.NaN : GroupedAuc.Of([.. ownGroups], y, s).ByImpressions,
            Ndcg = ownGroups.Count == 0 ? double.NaN : GroupedAuc.MeanNdcg([.. ownGroups], y, s, ListDepth),
            LogLoss = BinaryMetrics.LogLoss(y, s),
            CalibrationError = reliability.Expected,
            Reliability = reliability,
        };
    }
}

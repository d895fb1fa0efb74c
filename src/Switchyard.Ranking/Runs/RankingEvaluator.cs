using Switchyard.Ranking.Features;
using Switchyard.Ranking.Metrics;
using Switchyard.Ranking.Networks;
using Switchyard.Training;

namespace Switchyard.Ranking.Runs;

/// <summary>Judges what a scorer says of held-out examples.</summary>
public static class RankingEvaluator
{
    /// <summary>Evaluates a scorer that is out of training.</summary>
    /// <param name="scorer">What serves.</param>
    /// <param name="heldOut">The examples.</param>
    /// <param name="calibration">Makes the heads' probabilities true; null to take them as they are.</param>
    /// <param name="progress">Is told how far it has come, or null.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static RankingEvaluation Evaluate(
        Scorer scorer, HeldOutExamples heldOut, HeadCalibration? calibration = null, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(heldOut);
        return Judge(scorer.Layout.Schema, ScoredExamples.Of(scorer, heldOut.Examples, progress, cancellation), heldOut.Relevant, calibration);
    }

    /// <summary>Computes the figures of scored examples.</summary>
    /// <param name="schema">What the columns mean.</param>
    /// <param name="scored">The examples.</param>
    /// <param name="relevant">Whether each candidate was relevant, where the truth is known; else null.</param>
    /// <param name="calibration">Makes the heads' probabilities true; null to take them as they are.</param>
    public static RankingEvaluation Judge(FeatureSchema schema, ScoredExamples scored, bool[]? relevant, HeadCalibration? calibration)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(scored);
        double loss = 0;
        TaskFigures[] figures = new TaskFigures[schema.Tasks.Count];
        for (int task = 0; task < figures.Length; task++)
        {
            (double[] labels, double[] scores) = scored.Counting(task);
            if (labels.Length > 0) loss += schema.Tasks[task].Weight * (schema.Tasks[task].Kind == TaskKind.Binary ? BinaryMetrics.LogLoss(labels, scores) : BinaryMetrics.Brier(labels, scores));
            double[] calibrated = calibration is null ? scored.Scores[task] : Array.ConvertAll(scored.Scores[task], score => calibration.Of(task, score));
            figures[task] = TaskFigures.Of(schema.Tasks[task], scored.Labels[task], calibrated, schema.Group is null ? [] : scored.Groups);
        }
        TruthFigures? truth = relevant is null ? null : TruthFigures.Of(relevant, scored.Scores[0], scored.Groups);
        return new RankingEvaluation(loss, scored.Groups.Length, figures, scored.Gates, truth) { Figures = Named(figures, truth) };
    }

    private static Dictionary<string, double> Named(TaskFigures[] tasks, TruthFigures? truth)
    {
        Dictionary<string, double> figures = [];
        foreach (TaskFigures task in tasks)
        {
            if (task.Task.Kind == TaskKind.Regression) figures[$"{task.Task.Name}.rmse"] = task.Rmse;
            else (figures[$"{task.Task.Name}.auc"], figures[$"{task.Task.Name}.log_loss"]) = (task.Auc, task.LogLoss);
        }
        if (truth is not null) figures["truth.auc"] = truth.Auc;
        return figures;
    }
}

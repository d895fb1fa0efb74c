using Switchyard.Ranking.Metrics;
using Switchyard.Training;

namespace Switchyard.Ranking.Runs;

/// <summary>How well a model does on held-out examples.</summary>
/// <param name="Loss">The weighted sum of the tasks' losses, without what explains the page.</param>
/// <param name="Examples">How many examples.</param>
/// <param name="Tasks">The figures of every task.</param>
/// <param name="Gates">How every gate mixes.</param>
/// <param name="Truth">How well the first task's score tells true relevance, where that is known; else null.</param>
public sealed record RankingEvaluation(double Loss, long Examples, IReadOnlyList<TaskFigures> Tasks, IReadOnlyList<GateReport> Gates, TruthFigures? Truth)
    : Evaluation(Loss, Examples, [.. Gates.Select(static (gate, i) => RankingTask.Metrics(i, gate))]);

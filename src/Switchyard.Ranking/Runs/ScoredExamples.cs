using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Metrics;
using Switchyard.Ranking.Networks;
using Switchyard.Tensors;
using Switchyard.Training;

namespace Switchyard.Ranking.Runs;

/// <summary>What a scorer says of held-out examples, as serving would.</summary>
/// <param name="Labels">NaN where one does not count [tasks][examples].</param>
/// <param name="Scores">Probabilities, or values [tasks][examples].</param>
/// <param name="Groups">The list of each example.</param>
/// <param name="Gates">How every gate mixed.</param>
public sealed record ScoredExamples(double[][] Labels, double[][] Scores, int[] Groups, IReadOnlyList<GateReport> Gates)
{
    private const int Batch = 4096;

    /// <summary>Scores examples with a scorer that is out of training.</summary>
    /// <param name="scorer">What serves.</param>
    /// <param name="examples">The examples.</param>
    /// <param name="progress">Is told how far it has come, or null.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static ScoredExamples Of(Scorer scorer, ExampleSource examples, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(examples);
        IReadOnlyList<TaskColumn> tasks = scorer.Layout.Schema.Tasks;
        int count = checked((int)examples.Count), done = 0;
        double[][] labels = [.. tasks.Select(_ => new double[count])], scores = [.. tasks.Select(_ => new double[count])];
        int[] groups = new int[count];
        Dictionary<string, (List<double> Weights, int Experts)> gates = [];
        using Gradients.Pause pause = Gradients.Paused();
        foreach (ExampleBatch batch in examples.Batches(Batch))
        {
            cancellation.ThrowIfCancellationRequested();
            using TensorScope scope = new();
            ScorerOutput output = scorer.Forward(batch, null);
            for (int task = 0; task < tasks.Count; task++)
            {
                ReadOnlySpan<float> outputs = output.Logits[task].AsReadOnlySpan<float>();
                float[] own = batch.Labels(task);
                for (int row = 0; row < own.Length; row++)
                {
                    labels[task][done + row] = own[row];
                    scores[task][done + row] = tasks[task].Kind == TaskKind.Binary ? 1 / (1 + Math.Exp(-(double)outputs[row])) : outputs[row];
                }
            }
            batch.Groups().CopyTo(groups, done);
            foreach (GateDecision gate in output.Network.Gates) Collect(gates, gate);
            done += batch.Count;
            progress?.Report(new("evaluating", "examples", done, count));
        }
        return new ScoredExamples(labels, scores, groups, [.. gates.Select(static gate => GateReport.Of(gate.Key, [.. gate.Value.Weights], gate.Value.Experts))]);
    }

    /// <summary>The labels of one task that count, and their scores.</summary>
    public (double[] Labels, double[] Scores) Counting(int task)
    {
        double[] labels = Labels[task];
        return ([.. labels.Where(static label => !double.IsNaN(label))], [.. Scores[task].Where((_, i) => !double.IsNaN(labels[i]))]);
    }

    private static void Collect(Dictionary<string, (List<double> Weights, int Experts)> gates, GateDecision gate)
    {
        (int rows, int experts) = (gate.Routing.Tokens, gate.Routing.Experts);
        if (!gates.TryGetValue(gate.Name, out (List<double> Weights, int Experts) own)) gates[gate.Name] = own = ([], experts);
        ReadOnlySpan<float> weights = gate.Routing.Weights.AsReadOnlySpan<float>(); // [experts · rows]
        for (int row = 0; row < rows; row++)
            for (int expert = 0; expert < experts; expert++) own.Weights.Add(weights[expert * rows + row]);
    }
}

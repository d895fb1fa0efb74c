using Switchyard.Modules.Optimisers;
using Switchyard.Ranking.Bias;
using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Losses;
using Switchyard.Ranking.Networks;
using Switchyard.Tensors;
using Switchyard.Training;

namespace Switchyard.Ranking.Runs;

/// <summary>
/// Estimates how likely each place was looked at from a log in which nothing was shown in random order, by expectation–maximisation
/// whose maximisation is a regression on the features (Wang et al., "Position bias estimation for unbiased learning to rank in
/// personal search", WSDM 2018, §4.2): a click was looked at and relevant; what was not clicked was looked at with probability
/// θ(1 - γ)/(1 - θγ), and relevant with γ(1 - θ)/(1 - θγ), where γ is what a small network says of its features.
/// </summary>
internal static class PropensityEstimation
{
    // θ follows the network slowly, so that it does not take for position what the network has not learnt yet.
    private const int Rounds = 16;
    private const int Batch = 512;
    private const long MostExamples = 1 << 17;
    private const double LearningRate = 5e-3;

    // A place that is looked at for sure and a candidate that is relevant for sure make a missing click impossible.
    private const double Sure = 1 - 1e-6;

    private static readonly NetworkOptions Network = new() { Kind = NetworkKind.SharedBottom, ExpertWidths = [32], TowerWidths = [] };

    /// <summary>θ [positions, devices] over that of the first position, from the first task of a log that is biased.</summary>
    /// <param name="examples">The log; of a very long one, as much of it as tells.</param>
    /// <param name="seed">Decides the network's start and the order of the examples.</param>
    /// <param name="progress">Is told how far it has come, or null.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ArgumentException">No task of the log is biased.</exception>
    public static double[,] Run(ExampleSource examples, ulong seed, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(examples);
        FeatureSchema schema = examples.Layout.Schema;
        int task = schema.Tasks.ToList().FindIndex(static one => one.Biased);
        if (task < 0) throw new ArgumentException("propensities are those of a task whose label the page has a say in: mark one as biased in the schema");
        Philox random = new Philox(seed).Split("propensities");
        using Scorer scorer = new(examples.Layout, Network, null, random);
        using Optimiser optimiser = RankingTask.OptimiserOf(new AdamW(scorer.Parameters()), scorer, TableRule.Adagrad);
        PositionColumns place = schema.Position!;
        // As if relevance were the same everywhere: it is only where rounds begin.
        double[,] theta = Propensities.FromRandomPages(examples.Batches(Batch).Take((int)(MostExamples / Batch)), task);
        ExampleOrder order = new(examples.Count, random.Key);
        long perRound = Math.Min(examples.Count, MostExamples), next = 0;
        for (int round = 0; round < Rounds; round++)
        {
            (double[,] examined, double[,] shown) = (new double[place.Positions, place.DeviceCount], new double[place.Positions, place.DeviceCount]);
            for (long done = 0; done < perRound; done += Batch)
            {
                cancellation.ThrowIfCancellationRequested();
                progress?.Report(new("estimating propensities", "examples", round * perRound + done, Rounds * perRound));
                long[] rows = new long[Math.Min(Batch, perRound - done)];
                for (int i = 0; i < rows.Length; i++) rows[i] = order.At(next++);
                using TensorScope scope = new();
                Step(scorer, examples.Batch(rows), task, theta, examined, shown);
                optimiser.Step(LearningRate);
                optimiser.ClearGradients();
            }
            for (int position = 0; position < place.Positions; position++)
                for (int device = 0; device < place.DeviceCount; device++)
                    if (shown[position, device] > 0) theta[position, device] = examined[position, device] / shown[position, device];
        }
        progress?.Report(new("estimating propensities", "examples", Rounds * perRound, Rounds * perRound));
        return Propensities.OverFirst(theta);
    }

    /// <summary>What a batch says of places, and the gradient of what it says of features.</summary>
    private static void Step(Scorer scorer, ExampleBatch batch, int task, double[,] theta, double[,] examined, double[,] shown)
    {
        Tensor logits = scorer.Forward(batch, null).Logits[task]; // [rows]
        ReadOnlySpan<float> outputs = logits.AsReadOnlySpan<float>();
        int[] positions = batch.Positions(), devices = batch.Devices();
        float[] labels = batch.Labels(task), relevant = new float[labels.Length], counts = new float[labels.Length];
        for (int row = 0; row < labels.Length; row++)
        {
            if (positions[row] < 0 || float.IsNaN(labels[row])) continue;
            int position = Math.Min(positions[row], theta.GetLength(0) - 1), device = devices[row];
            double t = Math.Min(Sure, theta[position, device]), gamma = 1 / (1 + Math.Exp(-(double)outputs[row])), none = 1 - t * gamma;
            bool isClicked = labels[row] == 1;
            examined[position, device] += isClicked ? 1 : t * (1 - gamma) / none;
            shown[position, device]++;
            relevant[row] = isClicked ? 1 : (float)(gamma * (1 - t) / none);
            counts[row] = 1;
        }
        Tensor losses = TaskLosses.PerRow(TaskKind.Binary, logits, Tensor.From(relevant, [relevant.Length]));
        TaskLosses.Mean(losses, Tensor.From(counts, [counts.Length])).Backward();
    }
}

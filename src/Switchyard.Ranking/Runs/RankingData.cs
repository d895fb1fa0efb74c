using Switchyard.Ranking.Bias;
using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Simulation;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Runs;

/// <summary>The three parts of some data.</summary>
/// <param name="Schema">What the columns mean, with what was measured on the part to learn from.</param>
/// <param name="Training">What is learnt from.</param>
/// <param name="Validation">What training is watched on, and heads are calibrated on.</param>
/// <param name="Test">What the result is judged by.</param>
public sealed record RankingData(FeatureSchema Schema, ExampleSource Training, HeldOutExamples Validation, HeldOutExamples Test) : IDisposable
{
    // Enough to see how far the position follows from the features.
    private const int CollinearityBatches = 16;

    /// <summary>θ [positions, devices] as far as it is known or can be estimated; null where it cannot.</summary>
    public double[,]? Propensities { get; init; }

    /// <summary>The true log θ [positions, devices]; null where nobody knows it.</summary>
    public double[,]? TrueLogBias { get; init; }

    /// <summary>A log of a simulated world.</summary>
    /// <param name="options">What is simulated.</param>
    /// <param name="isOracle">Whether what is learnt from says relevance instead of clicks.</param>
    public static RankingData Simulate(SimulationOptions options, bool isOracle = false)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        Philox random = new Philox(options.Seed).Split("world");
        RankingWorld world = RankingWorld.Draw(random.Split("truth"));
        LoggingPolicy policy = LoggingPolicy.Find(options.Policy);
        SimulatedLog Log(string part, int pages) => SimulatedLog.Draw(world, policy, pages, options.Correlation, random.Split("taste"), random.Split(part));
        SimulatedLog training = Log("training", options.Pages), validation = Log("validation", options.HeldOutPages), test = Log("test", options.HeldOutPages);
        double[,] truth = new double[RankingWorld.Slots, RankingWorld.Devices];
        for (int position = 0; position < RankingWorld.Slots; position++)
            for (int device = 0; device < RankingWorld.Devices; device++) truth[position, device] = Math.Log(RankingWorld.Examination(position, device));
        return new RankingData(
            SimulatedLog.Schema,
            isOracle ? training.WithTruth() : training.Examples,
            new HeldOutExamples(validation.Examples, validation.Relevant),
            new HeldOutExamples(test.Examples, test.Relevant))
        {
            Propensities = training.RandomPage.Contains(true) ? Bias.Propensities.FromRandomPages(training.RandomPages(), 0) : Exponential(truth),
            TrueLogBias = truth,
        };
    }

    /// <summary>How far the position follows from the features, R²; see <see cref="Bias.Collinearity"/>.</summary>
    public double Collinearity() => Schema.Position is null ? 0 : Bias.Collinearity.Of(Training.Batches(1024).Take(CollinearityBatches));

    /// <inheritdoc/>
    public void Dispose()
    {
        Training.Dispose();
        Validation.Examples.Dispose();
        Test.Examples.Dispose();
    }

    private static double[,] Exponential(double[,] logarithms)
    {
        double[,] result = new double[logarithms.GetLength(0), logarithms.GetLength(1)];
        for (int i = 0; i < result.GetLength(0); i++)
            for (int j = 0; j < result.GetLength(1); j++) result[i, j] = Math.Exp(logarithms[i, j]);
        return result;
    }
}

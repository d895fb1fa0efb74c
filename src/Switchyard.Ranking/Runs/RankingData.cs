using System.Security.Cryptography;
using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Simulation;
using Switchyard.Tensors;
using Switchyard.Training;

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

    /// <summary>The SHA-256 of the file that a log was read from; null for a simulated one.</summary>
    public string? Checksum { get; init; }

    /// <summary>The data that some options say.</summary>
    /// <param name="options">Where it is, or what is simulated.</param>
    /// <param name="schema">What the columns of a file mean; null for a simulated world.</param>
    /// <param name="isOracle">Whether what is learnt from says relevance instead of clicks, in a simulated world.</param>
    /// <param name="progress">Is told how far the reading of a file has come, or null.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="SwitchyardException">The file does not hold what the schema says.</exception>
    public static RankingData Open(RankingOptions options, FeatureSchema? schema, bool isOracle = false, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Data is { } path
            ? Load(path, schema ?? throw new ArgumentNullException(nameof(schema)), options.HeldOut, options.Learning.Seed, progress, cancellation)
            : Simulate(options.Simulation, isOracle);
    }

    /// <summary>A log of a simulated world.</summary>
    /// <param name="options">What is simulated.</param>
    /// <param name="isOracle">Whether what is learnt from says relevance instead of clicks.</param>
    public static RankingData Simulate(SimulationOptions options, bool isOracle = false)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        Philox random = new Philox(options.Seed).Split("world");
        if (options.World == World.Synthetic) return Synthesise(options, random);
        RankingWorld world = RankingWorld.Draw(random.Split("truth"));
        SimulatedLog Log(string part, int pages) => SimulatedLog.Draw(world, options, pages, random.Split("taste"), random.Split(part));
        SimulatedLog training = Log("training", options.Pages), validation = Log("validation", options.HeldOutPages), test = Log("test", options.HeldOutPages);
        // Only where each place is looked at by itself there is such a number.
        double[,]? truth = options.Clicks == ClickModel.Position ? LogExamination() : null;
        return new RankingData(
            SimulatedLog.Schema,
            isOracle ? training.WithTruth() : training.Examples,
            new HeldOutExamples(validation.Examples, validation.Relevant, validation.Liked),
            new HeldOutExamples(test.Examples, test.Relevant, test.Liked))
        {
            Propensities = training.RandomPage.Contains(true) ? Bias.Propensities.FromRandomPages(training.RandomPages(), 0) : truth is null ? null : Exponential(truth),
            TrueLogBias = truth,
        };
    }

    /// <summary>A log in a file, split by time, by list or by chance.</summary>
    /// <param name="path">A CSV, TSV or JSON-lines file, also gzipped.</param>
    /// <param name="schema">What the columns mean.</param>
    /// <param name="heldOut">The share of validation, and of the test.</param>
    /// <param name="seed">Draws the split where there is no time.</param>
    /// <param name="progress">Is told how far the reading has come, or null.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="SwitchyardException">The file does not hold what the schema says.</exception>
    public static RankingData Load(string path, FeatureSchema schema, double heldOut, ulong seed, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(schema);
        (FeatureSchema measured, ExampleFile[] parts) = LogFile.Load(path, schema, heldOut, seed, progress, cancellation);
        using FileStream file = File.OpenRead(path);
        return new RankingData(measured, parts[0], new HeldOutExamples(parts[1]), new HeldOutExamples(parts[2])) { Propensities = Given(measured, path), Checksum = Convert.ToHexStringLower(SHA256.HashData(file)) };
    }

    /// <summary>How far the position follows from the features, R²; see <see cref="Bias.Collinearity"/>.</summary>
    public double Collinearity() => Schema.Position is null ? 0 : Bias.Collinearity.Of(Training.Batches(1024).Take(CollinearityBatches));

    /// <inheritdoc/>
    public void Dispose()
    {
        Training.Dispose();
        Validation.Dispose();
        Test.Dispose();
    }

    private static RankingData Synthesise(SimulationOptions options, Philox random)
    {
        SyntheticPair pair = new(SyntheticPair.Units(SyntheticExamples.Features, random.Split("truth")), options.Correlation);
        ExampleLayout layout = new(SyntheticExamples.Schema);
        SyntheticExamples Part(string name, int pages) => new(pair, layout, (long)pages * RankingWorld.Slots, random.Split(name));
        return new RankingData(SyntheticExamples.Schema, Part("training", options.Pages), new HeldOutExamples(Part("validation", options.HeldOutPages)), new HeldOutExamples(Part("test", options.HeldOutPages)));
    }

    private static double[,] LogExamination()
    {
        double[,] truth = new double[RankingWorld.Slots, RankingWorld.Devices];
        for (int position = 0; position < RankingWorld.Slots; position++)
            for (int device = 0; device < RankingWorld.Devices; device++) truth[position, device] = Math.Log(RankingWorld.Examination(position, device));
        return truth;
    }

    private static double[,]? Given(FeatureSchema schema, string path)
    {
        if (schema.Position is not { Propensities: { } given } place) return null;
        double[,] theta = new double[place.Positions, place.DeviceCount];
        if (given.Count != place.Positions || given.Any(row => row.Count != place.DeviceCount || row.Any(static value => !(value is > 0 and <= 1))))
            throw new SwitchyardException($"the schema of {path}: the propensities are not {place.Positions} rows of {place.DeviceCount} numbers above 0 and up to 1", "give one row per position, and in it one number per device in the order of their names");
        for (int position = 0; position < place.Positions; position++)
            for (int device = 0; device < place.DeviceCount; device++) theta[position, device] = given[position][device];
        return theta;
    }

    private static double[,] Exponential(double[,] logarithms)
    {
        double[,] result = new double[logarithms.GetLength(0), logarithms.GetLength(1)];
        for (int i = 0; i < result.GetLength(0); i++)
            for (int j = 0; j < result.GetLength(1); j++) result[i, j] = Math.Exp(logarithms[i, j]);
        return result;
    }
}

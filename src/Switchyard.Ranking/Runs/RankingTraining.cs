using System.Security.Cryptography;
using System.Text;
using Switchyard.Modules.Safetensors;
using Switchyard.Ranking.Bias;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Metrics;
using Switchyard.Ranking.Networks;
using Switchyard.Tensors;
using Switchyard.Training;

namespace Switchyard.Ranking.Runs;

/// <summary>The training of a ranking model in a run folder, from its beginning to calibrated heads.</summary>
public sealed class RankingTraining : IDisposable
{
    /// <summary>What serves, in a run's folder.</summary>
    public const string ModelFile = "model.safetensors";

    private RankingTraining(RankingOptions options, RankingData data, RunFolder folder, IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        (Options, Data, Folder) = (options, data, folder);
        _ = ScoreCombination.Parse(options.Combination, data.Schema.TaskNames);
        Model = new RankingModel(data.Training.Layout, options.Network, options.Debiasing, options.Learning.Weighting, new Philox(options.Learning.Seed).Split("initial weights"))
        {
            Propensities = options.Debiasing.Kind == Debiasing.Ipw ? data.Propensities ?? PropensityEstimation.Run(data.Training, options.Learning.Seed, progress, cancellation) : null,
        };
        Task = new RankingTask(Model, options, data.Training, data.Validation);
        Plan = options.Learning.ToPlan(data.Training.Count);
        Plan.Check();
    }

    /// <summary>Everything that was decided.</summary>
    public RankingOptions Options { get; }

    /// <summary>The data.</summary>
    public RankingData Data { get; }

    /// <summary>Where the run keeps what it makes.</summary>
    public RunFolder Folder { get; }

    /// <summary>What learns.</summary>
    public RankingModel Model { get; }

    /// <summary>What is learnt.</summary>
    public RankingTask Task { get; }

    /// <summary>How long and how fast.</summary>
    public TrainingPlan Plan { get; }

    /// <summary>Begins a run. Nothing is written unless data and model fit together.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="options">Everything that was decided.</param>
    /// <param name="data">The data, which stays the caller's.</param>
    /// <param name="progress">Is told how far the estimation of propensities has come, where there is one; or null.</param>
    /// <param name="cancellation">Ends that; nothing is written then.</param>
    /// <exception cref="SwitchyardException">The folder holds a run, or cannot be written.</exception>
    /// <exception cref="ArgumentException">The options do not fit together.</exception>
    public static RankingTraining Begin(string path, RankingOptions options, RankingData data, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(data);
        string schema = data.Schema.ToJson();
        RankingTraining training = new(options with { SchemaChecksum = ChecksumOf(schema), DataChecksum = data.Checksum }, data, RunFolder.At(path), progress, cancellation);
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot make the folder '{path}': {failure.Message.ReplaceLineEndings(" ")}", "name a folder that you may write to", failure);
        }
        // The configuration last: a folder that has one has all that is needed.
        data.Schema.Write(Path.Combine(path, FeatureSchema.FileName));
        training.Folder.Start(training.Options.ToJson());
        return training;
    }

    /// <summary>Takes a run up again. The next <see cref="Run"/> goes on from its newest good checkpoint.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="data">The data it began with, which stays the caller's: see <see cref="OpenData"/>.</param>
    /// <param name="progress">Is told how far the estimation of propensities has come, where there is one; or null.</param>
    /// <param name="cancellation">Ends that.</param>
    /// <exception cref="SwitchyardException">The folder holds no run, or the data is not that of the run.</exception>
    public static RankingTraining Resume(string path, RankingData data, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        RunFolder folder = RunFolder.Open(path);
        RankingOptions options = RankingOptions.Read(folder.ConfigPath);
        if (options.DataChecksum != data.Checksum || options.SchemaChecksum != ChecksumOf(data.Schema.ToJson()))
            throw new SwitchyardException($"{options.Data ?? "what is simulated"} is not the data that {path} began with", "put that data back, or begin a new run with this");
        return new RankingTraining(options, data, folder, progress, cancellation);
    }

    /// <summary>Opens the data of a run that is to be taken up again.</summary>
    /// <exception cref="SwitchyardException">There is no run, or its data cannot be read any more.</exception>
    public static RankingData OpenData(string path, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        RankingOptions options = RankingOptions.Read(RunFolder.Open(path).ConfigPath);
        return RankingData.Open(options, RankingRun.ReadSchema(path, options), progress: progress, cancellation: cancellation);
    }

    /// <summary>Trains to the end of the plan, or until cancelled.</summary>
    public TrainingResult Run(TrainingObserver? observer = null, TimeProvider? clock = null, CancellationToken cancellation = default)
        => new Trainer(Task, Plan, Folder, observer, clock).Run(cancellation);

    /// <summary>Writes what serves: calibrates the heads on the validation part, and judges the result on the test part.</summary>
    public RankingEvaluation Finish()
    {
        Model.Train(false);
        HeadCalibration calibration = HeadCalibration.Fit(Model.Scorer, Data.Validation.Examples, Options.Calibration);
        calibration.Write(Folder.Path);
        SafetensorsWriter.Write(Path.Combine(Folder.Path, ModelFile), Model.Scorer.State().Select(static entry => entry.Tensor.ToSource(entry.Name)));
        return RankingEvaluator.Evaluate(Model.Scorer, Data.Test, calibration);
    }

    /// <summary>What the heads can bring together on the test part, against the truth where that is known.</summary>
    public IReadOnlyList<ParetoPoint> Front()
        => ParetoFront.Of(Data.Schema, ScoredExamples.Of(Model.Scorer, Data.Test.Examples), Data.Test is { Relevant: { } relevant, Liked: { } liked } ? [relevant, liked] : null);

    /// <summary>How well what was learnt of the position follows the truth; null where one of them is not known.</summary>
    public BiasRecovery? Recovery() => Model.LogBias() is { } learnt && Data.TrueLogBias is { } truth ? BiasRecovery.Of([.. truth.Cast<double>()], [.. learnt.Cast<double>()]) : null;

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    internal static string ChecksumOf(string schema) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(schema)));
}

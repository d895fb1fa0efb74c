using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Networks;
using Switchyard.Tensors;
using Switchyard.Training;
using Switchyard.Training.Checkpoints;

namespace Switchyard.Ranking.Runs;

/// <summary>A trained model with its schema and the calibration of its heads, as a run folder holds it.</summary>
public sealed class RankingRun : IDisposable
{
    private RankingRun(RankingOptions options, RankingModel model, HeadCalibration calibration)
        => (Options, Model, Calibration) = (options, model, calibration);

    /// <summary>How it was trained.</summary>
    public RankingOptions Options { get; }

    /// <summary>The model, out of training.</summary>
    public RankingModel Model { get; }

    /// <summary>The schema.</summary>
    public FeatureSchema Schema => Model.Scorer.Layout.Schema;

    /// <summary>Makes the heads' probabilities true.</summary>
    public HeadCalibration Calibration { get; }

    /// <summary>Opens a run at its newest good checkpoint.</summary>
    /// <param name="path">The run folder.</param>
    /// <param name="warn">Told, in one line, of a checkpoint that is damaged and passed over.</param>
    /// <exception cref="SwitchyardException">There is no run, no good checkpoint in it, or the schema is not that of the model.</exception>
    public static RankingRun Open(string path, Action<string>? warn = null)
    {
        RunFolder folder = RunFolder.Open(path);
        RankingOptions options = RankingOptions.Read(folder.ConfigPath);
        FeatureSchema schema = ReadSchema(path, options);
        Checkpoint checkpoint = folder.Checkpoints.OpenNewest(warn) ?? throw new SwitchyardException($"{path} has no checkpoint yet", "let the training write one, or name another run");
        HeadCalibration calibration = HeadCalibration.Read(path, schema.Tasks.Count);
        RankingModel model = new(new ExampleLayout(schema), options.Network, options.Debiasing, options.Learning.Weighting, new Philox(0));
        checkpoint.Load(model);
        model.Train(false);
        return new RankingRun(options, model, calibration);
    }

    /// <summary>Reads the schema of a run.</summary>
    /// <exception cref="SwitchyardException">It is not the one that the model was trained with.</exception>
    internal static FeatureSchema ReadSchema(string folder, RankingOptions options)
    {
        string path = Path.Combine(folder, FeatureSchema.FileName);
        FeatureSchema schema = FeatureSchema.Read(path);
        return RankingTraining.ChecksumOf(File.ReadAllText(path)) == options.SchemaChecksum
            ? schema
            : throw new SwitchyardException($"{path}: not the schema that the model was trained with", "put back the one of the run: a model fits no other");
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}

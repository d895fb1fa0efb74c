using System.Text;
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
        string schemaPath = Path.Combine(path, FeatureSchema.FileName);
        FeatureSchema schema = FeatureSchema.Read(schemaPath);
        if (RankingTraining.ChecksumOf(Encoding.UTF8.GetString(File.ReadAllBytes(schemaPath))) != options.SchemaChecksum)
            throw new SwitchyardException($"{schemaPath}: not the schema that the model was trained with", "put back the one of the run: a model fits no other");
        Checkpoint checkpoint = folder.Checkpoints.OpenNewest(warn) ?? throw new SwitchyardException($"{path} has no checkpoint yet", "let the training write one, or name another run");
        HeadCalibration calibration = HeadCalibration.Read(path, schema.Tasks.Count);
        RankingModel model = new(new ExampleLayout(schema), options.Network, options.Debiasing, options.Learning.Weighting, new Philox(0));
        checkpoint.Load(model);
        model.Train(false);
        return new RankingRun(options, model, calibration);
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}

using Switchyard.Experts.Classic;
using Switchyard.Modules.Safetensors;
using Switchyard.Tensors;

namespace Switchyard.Training.Mixtures;

/// <summary>What a mixture says of some rows, in the units of the table.</summary>
/// <param name="Outputs">The number predicted, or the probability of each class: [rows][1 or classes].</param>
/// <param name="Gate">The share of each expert before the target is known, [rows][experts].</param>
/// <param name="Responsibilities">The share of each expert once it is known, [rows][experts]; null without targets.</param>
/// <param name="LogLikelihood">Σ ln p(target | features) over the rows; null without targets.</param>
/// <param name="Score">The share of rows whose class is right, or the mean squared error; null without targets.</param>
public sealed record MixturePredictions(double[][] Outputs, double[][] Gate, double[][]? Responsibilities, double? LogLikelihood, double? Score);

/// <summary>A fitted mixture with what it knows of its table.</summary>
/// <param name="Config">What it knows.</param>
/// <param name="Mixture">The mixture; the caller disposes it.</param>
public sealed record MixtureRun(MixtureConfig Config, ClassicMixture Mixture)
{
    private const string ModelName = "model.safetensors";

    /// <summary>Opens what <see cref="Save"/> has written.</summary>
    /// <exception cref="SwitchyardException">The folder holds no mixture, or a damaged one.</exception>
    public static MixtureRun Open(string folder)
    {
        MixtureConfig config = MixtureConfig.Read(RunFolder.Open(folder).ConfigPath);
        string path = Path.Combine(folder, ModelName);
        try
        {
            ClassicMixture mixture = new(config.Model);
            using SafetensorsFile file = SafetensorsFile.Open(path);
            using TensorScope scope = new();
            mixture.Load(name => file.Header.Find(name) is { } entry ? file.ReadTensor(entry) : null);
            return new MixtureRun(config, mixture);
        }
        catch (ArgumentException failure)
        {
            throw new SwitchyardException($"{folder}: {failure.Message.ReplaceLineEndings(" ")}", "the folder is damaged: fit the mixture again", failure);
        }
    }

    /// <summary>Writes the mixture's parameters into its folder.</summary>
    public void Save(RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        SafetensorsWriter.Write(Path.Combine(folder.Path, ModelName), Mixture.State().Select(entry => entry.Tensor.ToSource(entry.Name)));
    }

    /// <summary>Fits the mixture to rows, from the place that the seed leads to.</summary>
    /// <returns>The course, in the units of the table.</returns>
    public MixtureFit Fit(MixtureRows rows, Action<int, FitPoint>? observer = null, CancellationToken interrupted = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        using TensorScope scope = new();
        MixtureRunOptions run = Config.Run;
        (Tensor features, Tensor targets) = (rows.Features(Config), rows.Targets(Config));
        Mixture.Start(features, new Philox(run.Seed).Split("start"));
        MixtureFit fit = run.Method == FitMethod.Em
            ? ExpectationMaximisation.Fit(Mixture, features, targets, new() { Iterations = run.Iterations ?? 200 }, observer, interrupted)
            : GradientFit.Fit(Mixture, features, targets, new() { Iterations = run.Iterations ?? 1000, Loss = run.Loss }, observer, interrupted);
        double unit = UnitCost(rows);
        return fit with { Trace = [.. fit.Trace.Select(point => new FitPoint(point.LogLikelihood - unit, point.Penalised - unit))] };
    }

    /// <summary>Predicts rows.</summary>
    public MixturePredictions Predict(MixtureRows rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        Tensor features = rows.Features(Config);
        double[][] outputs = Array.ConvertAll(Rows(Mixture.Predict(features)), InUnits), gate = Rows(Mixture.LogGate(features).Exp());
        if (rows.Labels is null && rows.Numbers is null) return new(outputs, gate, null, null, null);
        Tensor joint = Mixture.LogJoint(features, rows.Targets(Config));
        double score = Enumerable.Range(0, rows.Count).Average(row => rows.Numbers is { } numbers
            ? Math.Pow(outputs[row][0] - numbers[row], 2)
            : Class(outputs[row]) == rows.Labels![row] ? 1.0 : 0);
        return new(outputs, gate, Rows(joint.Softmax()), joint.LogSumExp().Sum().ToDouble() - UnitCost(rows), score);
    }

    /// <summary>What each expert alone predicts, [rows][experts][1 or classes].</summary>
    public double[][][] PredictByExpert(MixtureRows rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        (int experts, int outputs) = (Mixture.Options.Experts, Mixture.Options.Outputs);
        double[][] flat = Rows(Mixture.ExpertMeans(rows.Features(Config)).Reshape([rows.Count, experts * outputs]));
        return Array.ConvertAll(flat, row => Array.ConvertAll([.. row.Chunk(outputs)], InUnits));
    }

    /// <summary>The most probable class.</summary>
    /// <param name="probabilities">One of the rows of <see cref="MixturePredictions.Outputs"/>.</param>
    public string Class(double[] probabilities)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        return Config.Classes![Array.IndexOf(probabilities, probabilities.Max())];
    }

    // A standardised target is denser than one in the units of the table: ln deviation less per row.
    private double UnitCost(MixtureRows rows) => rows.Count * Math.Log(Config.TargetDeviation);

    private double[] InUnits(double[] outputs) => Config.Classes switch
    {
        null => [outputs[0] * Config.TargetDeviation + Config.TargetMean],
        { Count: 2 } => [1 - outputs[0], outputs[0]],
        _ => outputs,
    };

    private static double[][] Rows(Tensor tensor) => [.. tensor.ToArray<double>().Chunk(tensor.Shape[1])];
}

using System.Text.Json;
using System.Text.Json.Serialization;
using Switchyard.Files;
using Switchyard.Ranking.Calibration;
using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Networks;

namespace Switchyard.Ranking.Runs;

/// <summary>What makes a head's probabilities true: one of the two, or neither.</summary>
/// <param name="Platt">A line through the logits.</param>
/// <param name="Isotonic">A rising function.</param>
public sealed record HeadScaling(PlattScaling? Platt, IsotonicScaling? Isotonic);

/// <summary>How heads are calibrated.</summary>
public enum CalibrationKind
{
    /// <summary>By a line through the logits.</summary>
    Platt,

    /// <summary>By a rising function.</summary>
    Isotonic,

    /// <summary>Not at all.</summary>
    None,
}

/// <summary>The calibration of every head of a run, fitted on held-out examples: <c>calibration.json</c>.</summary>
/// <param name="Heads">One per task.</param>
public sealed record HeadCalibration(IReadOnlyList<HeadScaling> Heads)
{
    /// <summary>The file's name in a run's folder.</summary>
    public const string FileName = "calibration.json";

    /// <summary>Fits every head of yes and no that has examples of both; the others stay as they are.</summary>
    public static HeadCalibration Fit(Scorer scorer, ExampleSource examples, CalibrationKind kind)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        IReadOnlyList<TaskColumn> tasks = scorer.Layout.Schema.Tasks;
        ScoredExamples scored = ScoredExamples.Of(scorer, examples);
        HeadScaling[] heads = new HeadScaling[tasks.Count];
        for (int task = 0; task < heads.Length; task++)
        {
            heads[task] = new HeadScaling(null, null);
            if (tasks[task].Kind != TaskKind.Binary || kind == CalibrationKind.None) continue;
            (double[] labels, double[] scores) = scored.Counting(task);
            if (!labels.Contains(0) || !labels.Contains(1)) continue;
            heads[task] = kind == CalibrationKind.Platt ? new HeadScaling(PlattScaling.Fit(labels, scores), null) : new HeadScaling(null, IsotonicScaling.Fit(labels, scores));
        }
        return new HeadCalibration(heads);
    }

    /// <summary>Leaves every head as it is.</summary>
    public static HeadCalibration None(int tasks) => new([.. Enumerable.Repeat(new HeadScaling(null, null), tasks)]);

    /// <summary>The score of a head made true.</summary>
    public double Of(int task, double score) => Heads[task].Platt?.Of(score) ?? Heads[task].Isotonic?.Of(score) ?? score;

    /// <summary>Writes the file.</summary>
    public void Write(string folder) => AtomicFile.WriteText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, CalibrationJson.Default.HeadCalibration) + "\n");

    /// <summary>Reads the file.</summary>
    /// <exception cref="SwitchyardException">It is missing, or not a calibration of so many tasks.</exception>
    public static HeadCalibration Read(string folder, int tasks)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            HeadCalibration calibration = JsonSerializer.Deserialize(File.ReadAllBytes(path), CalibrationJson.Default.HeadCalibration) ?? throw new JsonException("null");
            return calibration.Heads.Count == tasks ? calibration : throw new SwitchyardException($"{path}: {calibration.Heads.Count} heads are calibrated, the schema has {tasks} tasks", "train anew");
        }
        catch (JsonException failure)
        {
            throw new SwitchyardException($"{path}: not a calibration", "train anew", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot read '{path}': {failure.Message.ReplaceLineEndings(" ")}", "name a run that was trained to its end", failure);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    IgnoreReadOnlyProperties = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectRequiredConstructorParameters = false,
    WriteIndented = true)]
[JsonSerializable(typeof(HeadCalibration))]
internal sealed partial class CalibrationJson : JsonSerializerContext;

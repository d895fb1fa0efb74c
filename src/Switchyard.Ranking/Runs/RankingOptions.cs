using System.Text.Json;
using System.Text.Json.Serialization;
using Switchyard.Modules.Optimisers;
using Switchyard.Modules.Schedules;
using Switchyard.Ranking.Bias;
using Switchyard.Ranking.Losses;
using Switchyard.Ranking.Metrics;
using Switchyard.Ranking.Networks;
using Switchyard.Ranking.Simulation;
using Switchyard.Training;

namespace Switchyard.Ranking.Runs;

/// <summary>By what rule tables learn.</summary>
public enum TableRule
{
    /// <summary>Row-wise Adam.</summary>
    Adam,

    /// <summary>Row-wise Adagrad, whose state is one number per row.</summary>
    Adagrad,
}

/// <summary>How long and how fast a ranking model learns.</summary>
public sealed record RankingLearning
{
    /// <summary>How often every example is seen.</summary>
    public double Passes { get; init; } = 4;

    /// <summary>Examples of a step.</summary>
    public int Batch { get; init; } = 512;

    /// <summary>The largest learning rate.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>By what rule tables learn.</summary>
    public TableRule Tables { get; init; } = TableRule.Adam;

    /// <summary>How much faster tables learn.</summary>
    public double TableRate { get; init; } = 1;

    /// <summary>By what share of the rate a step shrinks the rows of tables that it touches.</summary>
    public double TableDecay { get; init; }

    /// <summary>Decay of matrices.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Gradients are shrunk to this global norm; null for never.</summary>
    public double? ClipNorm { get; init; } = 5;

    /// <summary>How often the model is evaluated on the way.</summary>
    public int Evaluations { get; init; } = 8;

    /// <summary>How the losses of the tasks become one.</summary>
    public TaskWeighting Weighting { get; init; } = TaskWeighting.Fixed;

    /// <summary>Decides the initial weights, the order of the examples and all noise.</summary>
    public ulong Seed { get; init; }

    /// <summary>The trainer's plan.</summary>
    /// <param name="examples">How many examples there are to learn from.</param>
    public TrainingPlan ToPlan(long examples)
    {
        if (!(Passes > 0 && double.IsFinite(Passes))) throw new ArgumentException($"{Passes} passes over the examples: give more than 0");
        if (!(TableDecay >= 0 && double.IsFinite(TableDecay))) throw new ArgumentException($"rows of tables decay by {TableDecay}: give 0 or more");
        if (Batch < 1) throw new ArgumentException($"{Batch} examples per step: give 1 or more");
        long steps = Math.Max(1, (long)Math.Round(Passes * examples / Batch));
        return new TrainingPlan
        {
            Steps = steps,
            LearningRate = new LearningRateSchedule { Peak = LearningRate, WarmUpSteps = Math.Min(50, steps / 10), Decay = Decay.Cosine, MinimumRatio = 0.02 },
            Beta2 = 0.999,
            WeightDecay = new WeightDecay(WeightDecay),
            ClipNorm = ClipNorm,
            EvaluateEvery = Math.Max(1, (steps + Evaluations - 1) / Math.Max(1, Evaluations)),
            CheckpointEvery = Math.Max(1, steps / 2),
            KeepCheckpoints = 1,
            RecordEvery = Math.Max(1, steps / 200),
            Seed = Seed,
        };
    }
}

/// <summary>Everything that decides a ranking run: the content of its <c>config.json</c>.</summary>
public sealed record RankingOptions
{
    /// <summary>Where the examples are; null for the simulator.</summary>
    public string? Data { get; init; }

    /// <summary>The SHA-256 of that file: a run is gone on with only where it is the same.</summary>
    public string? DataChecksum { get; init; }

    /// <summary>What is simulated where there is no data.</summary>
    public SimulationOptions Simulation { get; init; } = new();

    /// <summary>The share of the rows, or lists, that is held out for calibration, and as large a share for the test.</summary>
    public double HeldOut { get; init; } = 0.2;

    /// <summary>The shape of the network.</summary>
    public NetworkOptions Network { get; init; } = new();

    /// <summary>How position bias is dealt with.</summary>
    public DebiasingOptions Debiasing { get; init; } = new();

    /// <summary>How long and how fast it learns.</summary>
    public RankingLearning Learning { get; init; } = new();

    /// <summary>How heads are calibrated.</summary>
    public CalibrationKind Calibration { get; init; } = CalibrationKind.Platt;

    /// <summary>How the scores of the tasks become one: see <see cref="ScoreCombination.Parse"/>.</summary>
    public string Combination { get; init; } = ScoreCombination.SumName;

    /// <summary>The SHA-256 of <c>schema.json</c>: the model fits no other.</summary>
    public string SchemaChecksum { get; init; } = "";

    /// <summary>The JSON text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RankingJson.Default.RankingOptions) + "\n";

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <exception cref="SwitchyardException">It cannot be read, or is not that of a ranking run.</exception>
    public static RankingOptions Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), RankingJson.Default.RankingOptions) ?? throw new JsonException("null");
        }
        catch (JsonException failure)
        {
            throw new SwitchyardException($"{path}: not the configuration of a ranking run", "name a folder that 'rank train' has written", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot read '{path}': {failure.Message.ReplaceLineEndings(" ")}", "name the folder of a run that you may read", failure);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    IgnoreReadOnlyProperties = true,
    WriteIndented = true)]
[JsonSerializable(typeof(RankingOptions))]
internal sealed partial class RankingJson : JsonSerializerContext;

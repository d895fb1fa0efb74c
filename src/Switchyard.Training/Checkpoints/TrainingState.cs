using System.Text.Json;
using System.Text.Json.Serialization;

namespace Switchyard.Training.Checkpoints;

/// <summary>How far a training has come: all that resuming needs besides the tensors. Written as <c>state.json</c>.</summary>
public sealed record TrainingState
{
    /// <summary>The version of the layout that this program writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>The version of the layout.</summary>
    public required int Format { get; init; }

    /// <summary>The model; see <see cref="TrainingTask.ModelDescription"/>.</summary>
    public required string Model { get; init; }

    /// <summary>The seed of the training.</summary>
    public required ulong Seed { get; init; }

    /// <summary>How many optimiser steps are done.</summary>
    public required long Step { get; init; }

    /// <summary>How many tokens, or examples, were trained on.</summary>
    public required long Tokens { get; init; }

    /// <summary>How many micro-batches were used: the number of the next.</summary>
    public required long MicroBatches { get; init; }

    /// <summary>The seconds that the training took, those of interrupted runs included.</summary>
    public required double ElapsedSeconds { get; init; }

    /// <summary>The floating-point operations that the training took, as far as the task counts them.</summary>
    public double Flops { get; init; }

    /// <summary>The phase under way, or just over, counted from 0: the model is that of this phase.</summary>
    public int Phase { get; init; }

    /// <summary>The share of the training at which that phase began.</summary>
    public double PhaseStart { get; init; }

    /// <summary>Whether that phase is over: the next step belongs to the one that follows.</summary>
    public bool IsPhaseOver { get; init; }

    /// <summary>The smallest loss on held-out data, or null where it was never measured.</summary>
    public double? BestValidation { get; init; }

    /// <summary>Whether the training was interrupted during the evaluation that is due after <see cref="Step"/>.</summary>
    public bool EvaluationPending { get; init; }

    /// <summary>Reads <c>state.json</c>.</summary>
    /// <param name="json">Its content.</param>
    /// <param name="path">What messages call it.</param>
    /// <exception cref="SwitchyardException">It is not a state, or one of another version.</exception>
    internal static TrainingState Parse(ReadOnlySpan<byte> json, string path)
    {
        try
        {
            TrainingState state = JsonSerializer.Deserialize(json, TrainingStateJson.Default.TrainingState) ?? throw new JsonException("null is no state");
            if (state.Format != CurrentFormat) throw new SwitchyardException($"{path}: format {state.Format}, where {CurrentFormat} was expected", "use the version of the program that wrote it");
            return state;
        }
        catch (JsonException failure)
        {
            throw new SwitchyardException($"{path}: not the state of a training: {failure.Message.ReplaceLineEndings(" ")}", inner: failure);
        }
    }

    /// <summary>The content of <c>state.json</c>.</summary>
    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, TrainingStateJson.Default.TrainingState);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(TrainingState))]
internal sealed partial class TrainingStateJson : JsonSerializerContext;

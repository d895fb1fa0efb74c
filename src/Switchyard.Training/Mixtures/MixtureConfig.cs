using System.Text.Json;
using System.Text.Json.Serialization;
using Switchyard.Experts.Classic;

namespace Switchyard.Training.Mixtures;

/// <summary>A feature as the mixture sees it: (value - mean) / deviation, of the logarithm where that is taken.</summary>
/// <param name="Name">Its column.</param>
/// <param name="Logarithm">Whether the logarithm is taken first.</param>
/// <param name="Mean">The mean over the rows that were fitted.</param>
/// <param name="Deviation">The standard deviation over them, 1 for a constant.</param>
public sealed record FeatureScale(string Name, bool Logarithm, double Mean, double Deviation)
{
    /// <summary>A value as the mixture sees it.</summary>
    public double Of(double value) => ((Logarithm ? Math.Log(value) : value) - Mean) / Deviation;
}

/// <summary>What a fitted mixture must know of its table: the content of its <c>config.json</c>.</summary>
public sealed record MixtureConfig
{
    /// <summary>What was asked for.</summary>
    public required MixtureRunOptions Run { get; init; }

    /// <summary>The features, in the order in which the mixture takes them.</summary>
    public required IReadOnlyList<FeatureScale> Features { get; init; }

    /// <summary>The classes, in the order of the outputs; null where the target is a number.</summary>
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>The mean of a target that is a number.</summary>
    public double TargetMean { get; init; }

    /// <summary>Its standard deviation; 1 for classes.</summary>
    public double TargetDeviation { get; init; } = 1;

    /// <summary>The shape of the mixture.</summary>
    public required MixtureOptions Model { get; init; }

    /// <summary>The JSON text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, MixtureJson.Default.MixtureConfig);

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <exception cref="SwitchyardException">It cannot be read, or is not that of a mixture.</exception>
    public static MixtureConfig Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), MixtureJson.Default.MixtureConfig) ?? throw Refuse(path, null);
        }
        catch (JsonException failure)
        {
            throw Refuse(path, failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot read '{path}': {failure.Message.ReplaceLineEndings(" ")}", "name the folder of a mixture that you may read", failure);
        }
    }

    private static SwitchyardException Refuse(string path, Exception? failure) =>
        new($"{path}: not the configuration of a mixture", "name a folder that 'mixture fit' has written", failure);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    IgnoreReadOnlyProperties = true,
    WriteIndented = true)]
[JsonSerializable(typeof(MixtureConfig))]
internal sealed partial class MixtureJson : JsonSerializerContext;

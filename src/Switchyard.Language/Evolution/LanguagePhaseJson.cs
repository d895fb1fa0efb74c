using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Switchyard.Experts.Gates;

namespace Switchyard.Language.Evolution;

/// <summary><see cref="LanguagePhase"/>s as JSON. Keys that are missing have their defaults.</summary>
internal static class LanguagePhaseJson
{
    /// <summary>Phases with every key.</summary>
    public static JsonArray Write(IEnumerable<LanguagePhase> phases) => [.. phases.Select(Write)];

    /// <summary>Phases from an array.</summary>
    /// <exception cref="JsonException">It is none, or a phase has an unknown key or a value of the wrong type.</exception>
    public static IReadOnlyList<LanguagePhase> Read(JsonNode? phases)
    {
        JsonArray array = phases as JsonArray ?? throw new JsonException("a list of phases was expected", "phases", null, null);
        return [.. array.Select((phase, index) => Read(phase as JsonObject ?? throw new JsonException("a phase was expected", $"phases[{index}]", null, null), $"phases[{index}]"))];
    }

    private static JsonObject Write(LanguagePhase phase)
    {
        JsonObject json = JsonSerializer.SerializeToNode(phase, LanguagePhaseJsonContext.Default.LanguagePhase)!.AsObject();
        json["gate"] = phase.Routing is null ? null : GateCatalogue.NameOf(phase.Routing);
        json["routing"] = phase.Routing is null ? null : GateCatalogue.Write(phase.Routing);
        return json;
    }

    private static LanguagePhase Read(JsonObject phase, string path)
    {
        try
        {
            // A key that is missing would leave a property at zero, not at its default.
            JsonObject merged = Write(new LanguagePhase { Name = "" });
            foreach ((string key, JsonNode? value) in phase)
            {
                if (key == "spawn" && value is JsonObject spawn)
                    foreach ((string knob, JsonNode? setting) in spawn) merged[key]![knob] = setting?.DeepClone();
                else merged[key] = value?.DeepClone();
            }
            (JsonNode? gate, JsonNode? routing) = (merged["gate"], merged["routing"]);
            merged.Remove("gate");
            merged.Remove("routing");
            string? name = gate?.GetValueKind() is null or JsonValueKind.String ? gate?.GetValue<string>() : throw new JsonException("a gate's name was expected", "gate", null, null);
            if (name is null && routing is not null) throw new JsonException("knobs without a gate", "routing", null, null);
            return merged.Deserialize(LanguagePhaseJsonContext.Default.LanguagePhase)! with
            {
                Routing = name is null ? null : GateCatalogue.Read(name, routing as JsonObject ?? []),
            };
        }
        catch (JsonException failure)
        {
            throw new JsonException(failure.Message, $"{path}.{failure.Path?.TrimStart('$', '.')}", failure.LineNumber, failure.BytePositionInLine, failure);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(LanguagePhase))]
internal sealed partial class LanguagePhaseJsonContext : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Switchyard.Experts.Gates;
using Switchyard.Language.Evolution;

namespace Switchyard.Language.Runs;

/// <summary><see cref="LanguageRunOptions"/> as JSON, whole or as changes laid over others.</summary>
public static class LanguageRunJson
{
    /// <summary>The options with every key.</summary>
    public static JsonObject Write(LanguageRunOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        JsonObject json = JsonSerializer.SerializeToNode(options, LanguageRunJsonContext.Default.LanguageRunOptions)!.AsObject();
        json["model"]!["gate"] = options.Model.Gate;
        json["model"]!["routing"] = GateCatalogue.Write(options.Model.Routing);
        json["phases"] = LanguagePhaseJson.Write(options.Phases);
        return json;
    }

    /// <summary>Reads a file of options; keys that it lacks keep their default.</summary>
    /// <exception cref="SwitchyardException">The file is missing, not JSON, has an unknown key or a value of the wrong type.</exception>
    public static JsonObject Read(string path)
    {
        byte[] content;
        try
        {
            content = File.ReadAllBytes(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"{path} cannot be read: {failure.Message}", "name a configuration file, such as the config.json of a run", failure);
        }
        try
        {
            return JsonNode.Parse(content, null, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false }) as JsonObject
                ?? throw new SwitchyardException($"{path}: a JSON object was expected", "begin the file with { and end it with }");
        }
        catch (JsonException failure)
        {
            // Of a key that stands twice the line is not known.
            string what = failure.LineNumber is { } line ? $"not JSON at line {line + 1}, byte {failure.BytePositionInLine + 1}" : failure.Message;
            throw new SwitchyardException($"{path}: {what}", "mend the file there", failure);
        }
    }

    /// <summary>Lays changes over options.</summary>
    /// <param name="options">What stays where nothing is changed.</param>
    /// <param name="changes">Keys and values, nested as in <see cref="Write"/>.</param>
    /// <param name="source">Where the changes come from, for messages.</param>
    /// <exception cref="SwitchyardException">A key is unknown, or a value has the wrong type.</exception>
    public static LanguageRunOptions Change(LanguageRunOptions options, JsonObject changes, string source)
    {
        ArgumentNullException.ThrowIfNull(changes);
        JsonObject merged = Write(options);
        if (NameIn(changes, "architecture") is { } architecture && architecture != options.Model.Architecture)
        {
            if (!LanguageModelOptions.Architectures.TryGetValue(architecture, out LanguageModelOptions? defaults))
                throw new ArgumentException($"there is no architecture '{architecture}': choose {string.Join(" or ", LanguageModelOptions.Architectures.Keys)}");
            options = options with { Model = defaults };
            merged = Write(options);
        }
        // Every gate has a policy of its own: where another is named, its knobs are changed from its defaults.
        if (NameIn(changes, "gate") is { } gate && gate != options.Model.Gate)
            merged["model"]!["routing"] = GateCatalogue.Write(GateCatalogue.Find(gate).Defaults);
        // A recipe stands for its phases, where no others are given.
        if (changes["recipe"] is JsonValue value && value.TryGetValue(out string? recipe)) merged["phases"] = LanguagePhaseJson.Write(RecipeCatalogue.Find(recipe).Phases);
        Overlay(merged, changes, "", source);
        // How long to train is one choice of four: the last one made counts.
        if (changes["learning"] is JsonObject learning && Limits.Any(learning.ContainsKey))
            foreach (string limit in Limits.Where(limit => !learning.ContainsKey(limit))) merged["learning"]![limit] = null;
        try
        {
            return Read(merged);
        }
        catch (JsonException failure)
        {
            string key = failure.Path?.TrimStart('$', '.') ?? "a value";
            throw new SwitchyardException($"{source}: {key} has a value of the wrong type, or one too large", "compare with the config.json of a run", failure);
        }
    }

    /// <summary>What a choice by name in the model's section says; null where it is not made, or is no name and is refused later.</summary>
    private static string? NameIn(JsonObject changes, string key)
        => (changes["model"] as JsonObject)?[key] is JsonValue value && value.TryGetValue(out string? name) ? name : null;

    private static LanguageRunOptions Read(JsonObject json)
    {
        JsonObject model = json["model"] as JsonObject ?? throw new JsonException("no model is described", "model", null, null);
        (JsonNode? gate, JsonNode? routing) = (model["gate"], model["routing"]);
        model.Remove("gate");
        model.Remove("routing");
        LanguageRunOptions options = json.Deserialize(LanguageRunJsonContext.Default.LanguageRunOptions)!;
        JsonNode? phases = json["phases"];
        json.Remove("phases");
        string name = gate.Deserialize(LanguageRunJsonContext.Default.String) ?? throw new JsonException("no gate is named", "model.gate", null, null);
        try
        {
            options = options with { Model = options.Model with { Routing = GateCatalogue.Read(name, routing as JsonObject ?? throw new JsonException("no object of knobs")) } };
        }
        catch (JsonException failure)
        {
            throw new JsonException(failure.Message, $"model.routing{failure.Path?.TrimStart('$')}", failure.LineNumber, failure.BytePositionInLine, failure);
        }
        return options with { Phases = LanguagePhaseJson.Read(phases) };
    }

    private static readonly string[] Limits = ["steps", "tokens", "flops", "minutes"];

    private static void Overlay(JsonObject target, JsonObject changes, string prefix, string source)
    {
        foreach ((string key, JsonNode? value) in changes)
        {
            if (!target.TryGetPropertyValue(key, out JsonNode? before))
                throw new SwitchyardException($"{source}: unknown key '{prefix}{key}'", $"known there are {string.Join(", ", target.Select(static entry => entry.Key))}");
            if (before is JsonObject inner && value is JsonObject change) Overlay(inner, change, $"{prefix}{key}.", source);
            else target[key] = value?.DeepClone();
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
[JsonSerializable(typeof(LanguageRunOptions))]
[JsonSerializable(typeof(string))]
internal sealed partial class LanguageRunJsonContext : JsonSerializerContext;

using System.Collections.Concurrent;
using System.Text.Json;
using Switchyard.Modules.Safetensors;

namespace Switchyard.Tests.Experts.MoeFixtures;

/// <summary>The list of all cases of routing, dispatch and layers, and the files that hold their tensors.</summary>
internal static class MoeManifest
{
    private static readonly Lazy<JsonElement?> Head = new(static () => Read("cases.json"));
    private static readonly Lazy<Dictionary<string, JsonElement>> AllCases = new(static () => Head.Value is { } head
        ? head.GetProperty("cases").EnumerateArray().ToDictionary(static c => c.GetProperty("name").GetString()!)
        : []);

    private static readonly ConcurrentDictionary<string, SafetensorsFile> OpenFiles = new();

    /// <summary>The cases by name; empty where the fixtures are absent.</summary>
    public static IReadOnlyDictionary<string, JsonElement> Cases => AllCases.Value;

    /// <summary>How far a number may be off, relative to the largest of its tensor, for <c>float64</c> or <c>float32</c>.</summary>
    public static double Tolerance(string type) => Head.Value!.Value.GetProperty("tolerance").GetProperty(type).GetDouble();

    public static SafetensorsFile File(string name) => OpenFiles.GetOrAdd(name, static name => SafetensorsFile.Open(Fixtures.Require("moe", name)));

    /// <summary>A JSON file of the folder, or null where it is absent.</summary>
    public static JsonElement? Read(string name)
    {
        if (Fixtures.Find("moe", name) is not { } path) return null;
        using JsonDocument document = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }
}

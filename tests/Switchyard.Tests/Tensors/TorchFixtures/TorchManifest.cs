using System.Collections.Concurrent;
using System.Text.Json;
using Switchyard.Modules.Safetensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>The list of all cases, and the files that hold their tensors; each is opened once.</summary>
internal static class TorchManifest
{
    private static readonly Lazy<Dictionary<string, JsonElement>> AllCases = new(Read);
    private static readonly ConcurrentDictionary<string, SafetensorsFile> OpenFiles = new();

    /// <summary>The cases by name; empty where the fixtures are absent.</summary>
    public static IReadOnlyDictionary<string, JsonElement> Cases => AllCases.Value;

    public static SafetensorsFile File(string name) => OpenFiles.GetOrAdd(name, static name => SafetensorsFile.Open(Fixtures.Require("torch", name)));

    private static Dictionary<string, JsonElement> Read()
    {
        if (Fixtures.Find("torch", "cases.json") is not { } path) return [];
        using JsonDocument manifest = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
        return manifest.RootElement.GetProperty("cases").Clone().EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!);
    }
}

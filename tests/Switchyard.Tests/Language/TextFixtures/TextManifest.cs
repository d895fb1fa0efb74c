using System.Runtime.InteropServices;
using System.Text.Json;
using Switchyard.Modules.Safetensors;

namespace Switchyard.Tests.Language.TextFixtures;

/// <summary>The reference results of translation and masked language modelling: cases by name, and the files that hold their tensors.</summary>
internal static class TextManifest
{
    private const string Folder = "text";

    private static readonly Lazy<Dictionary<string, TextCase>> AllCases = new(static () =>
    {
        if (Fixtures.Find(Folder, "cases.json") is not { } path) return [];
        using JsonDocument document = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
        return document.RootElement.Clone().GetProperty("cases").EnumerateArray().Select(static source => new TextCase(source)).ToDictionary(static one => one.Name);
    });

    /// <summary>The cases by name; empty where the fixtures are absent.</summary>
    public static IReadOnlyDictionary<string, TextCase> Cases => AllCases.Value;

    /// <summary>The content of a file of the folder.</summary>
    public static string Text(string name) => System.IO.File.ReadAllText(Fixtures.Require([Folder, .. name.Split('/')]));

    /// <summary>The elements of a tensor, row by row.</summary>
    public static T[] Tensor<T>(string file, string name)
        where T : unmanaged
    {
        using SafetensorsFile tensors = SafetensorsFile.Open(Fixtures.Require(Folder, file));
        SafetensorsEntry entry = tensors.Header[name];
        T[] elements = new T[entry.Length / Marshal.SizeOf<T>()];
        tensors.Read(entry, MemoryMarshal.AsBytes(elements.AsSpan()));
        return elements;
    }
}

/// <summary>One case of the manifest.</summary>
/// <param name="Source">As it stands there.</param>
internal sealed record TextCase(JsonElement Source)
{
    public string Name => Source.GetProperty("name").GetString()!;

    public string Kind => Source.GetProperty("kind").GetString()!;

    public JsonElement Parameters => Source.GetProperty("parameters");

    public JsonElement Values => Source.GetProperty("values");

    /// <summary>How far a number may be off.</summary>
    public double Tolerance(string name) => Source.GetProperty("tolerance").GetProperty(name).GetDouble();

    /// <summary>The elements of a tensor of the case, such as <c>input.ids</c>.</summary>
    public T[] Tensor<T>(string name)
        where T : unmanaged
        => TextManifest.Tensor<T>(Source.GetProperty("file").GetString()!, $"{Name}.{name}");

    public static string[] Lines(JsonElement list) => [.. list.EnumerateArray().Select(static line => line.GetString()!)];
}

using System.Text.Json;
using Switchyard.Modules.Safetensors;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.Classic;

/// <summary>One case of the mixture fixtures in Float64: its knobs, its tensors, and the comparison by its own tolerance.</summary>
internal sealed class MixtureFixtureCase : IDisposable
{
    private const string Folder = "moe";
    private readonly JsonElement _case;
    private readonly SafetensorsFile _file;
    private readonly double _default;
    private readonly List<string> _differences = [];

    private MixtureFixtureCase(JsonElement source, double tolerance)
    {
        (_case, _default) = (source, tolerance);
        _file = SafetensorsFile.Open(Fixtures.Require(Folder, source.GetProperty("file").GetString()!));
    }

    /// <summary>The names of all cases of a kind; none where the fixtures are absent.</summary>
    public static IReadOnlyList<string> Names(string kind) =>
        [.. Manifest()?.GetProperty("cases").EnumerateArray().Where(entry => entry.GetProperty("gate").GetString() == kind).Select(entry => entry.GetProperty("name").GetString()!) ?? []];

    public static MixtureFixtureCase Open(string name)
    {
        JsonElement manifest = Manifest()!.Value;
        JsonElement source = manifest.GetProperty("cases").EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == name);
        return new(source, manifest.GetProperty("tolerance").GetProperty("float64").GetDouble());
    }

    public void Dispose() => _file.Dispose();

    public JsonElement Knob(string name) => _case.GetProperty("knobs").GetProperty(name);

    /// <summary>A tensor of the case in Float64, by its short name with the part before it: "input.x".</summary>
    public Tensor this[string name]
    {
        get
        {
            Tensor tensor = _file.ReadTensor(_file.Header[$"{_case.GetProperty("name").GetString()}.{name}"]);
            return tensor.Type == ElementType.Float64 ? tensor : tensor.To(ElementType.Float64);
        }
    }

    public bool Has(string name) => _file.Header.Find($"{_case.GetProperty("name").GetString()}.{name}") is not null;

    /// <summary>Compares numbers with a stored tensor: largest difference over its largest magnitude.</summary>
    public void Check(string name, ReadOnlySpan<double> got)
    {
        double[] want = this[name].ToArray<double>();
        if (got.Length != want.Length)
        {
            _differences.Add($"{name}: {got.Length} numbers, expected {want.Length}");
            return;
        }
        double magnitude = Math.Max(1e-3, want.Select(Math.Abs).DefaultIfEmpty(0).Max()), worst = 0;
        for (int i = 0; i < want.Length; i++) worst = Math.Max(worst, double.IsNaN(got[i]) ? double.PositiveInfinity : Math.Abs(got[i] - want[i]) / magnitude);
        if (worst > Tolerance(name)) _differences.Add($"{name}: {worst:g3} apart, allowed {Tolerance(name):g3}");
    }

    /// <summary>Fails the test if anything differed.</summary>
    public void Report() => Assert.True(_differences.Count == 0, string.Join("\n", _differences));

    private double Tolerance(string name)
    {
        if (!_case.TryGetProperty("tolerance", out JsonElement own) || !own.TryGetProperty("float64", out JsonElement limits)) return _default;
        (string Prefix, double Value)[] fitting = [.. limits.EnumerateObject().Where(limit => name.StartsWith(limit.Name, StringComparison.Ordinal)).Select(limit => (limit.Name, limit.Value.GetDouble()))];
        return fitting.Length > 0 ? fitting.MaxBy(limit => limit.Prefix.Length).Value : limits.GetProperty("default").GetDouble();
    }

    private static JsonElement? Manifest()
    {
        if (Fixtures.Find(Folder, "cases.json") is not { } path) return null;
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(path));
        return manifest.RootElement.Clone();
    }
}

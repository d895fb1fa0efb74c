using System.Collections.Concurrent;
using System.Text.Json;
using Switchyard.Modules.Safetensors;
using Switchyard.Tensors;

namespace Switchyard.Tests.Ranking.RankingFixtures;

/// <summary>
/// One case: its parameters, its tensors in the precision of the computation, and what must come out. Every output, gradient and
/// value of the manifest must be compared, or passed over with a reason, before the case counts as walked.
/// </summary>
internal sealed class RankingCase
{
    private static readonly JsonElement Nothing = JsonDocument.Parse("{}").RootElement;
    private static readonly ConcurrentDictionary<string, SafetensorsFile> OpenFiles = new();

    private readonly JsonElement _case;
    private readonly SafetensorsFile? _file;
    private readonly HashSet<string> _open = [];
    private readonly List<string> _differences = [];

    public RankingCase(JsonElement source, ElementType type)
    {
        (_case, Type) = (source, type);
        _file = source.TryGetProperty("file", out JsonElement file) && file.ValueKind == JsonValueKind.String
            ? OpenFiles.GetOrAdd(file.GetString()!, static name => SafetensorsFile.Open(Fixtures.Require("ranking", name)))
            : null;
        foreach (string name in Names) if (name.StartsWith("output.", StringComparison.Ordinal) || name.StartsWith("grad.", StringComparison.Ordinal)) _open.Add(name);
        if (Values.ValueKind == JsonValueKind.Object)
            foreach (JsonProperty value in Values.EnumerateObject()) _open.Add($"values.{value.Name}");
    }

    public string Name => _case.GetProperty("name").GetString()!;

    /// <summary>The precision of the computation: Float32 or Float64.</summary>
    public ElementType Type { get; }

    public JsonElement Parameters => _case.TryGetProperty("parameters", out JsonElement value) && value.ValueKind == JsonValueKind.Object ? value : Nothing;

    public JsonElement Values => _case.TryGetProperty("values", out JsonElement value) ? value : Nothing;

    /// <summary>The names of the case's tensors, without the case's own.</summary>
    public IEnumerable<string> Names => _case.TryGetProperty("tensors", out JsonElement tensors) && tensors.ValueKind == JsonValueKind.Object
        ? tensors.EnumerateObject().Select(tensor => tensor.Name[(Name.Length + 1)..])
        : [];

    public int[] Wholes(string parameter) => [.. Parameters.GetProperty(parameter).EnumerateArray().Select(static value => value.GetInt32())];

    public double[] Numbers(string parameter) => [.. Parameters.GetProperty(parameter).EnumerateArray().Select(static value => value.GetDouble())];

    public bool Has(string name) => _file?.Header.Find($"{Name}.{name}") is not null;

    /// <summary>A tensor of the case in the precision of the computation; int32 as it is.</summary>
    public Tensor Read(string name) => Read(Name, name);

    /// <summary>A tensor of another case.</summary>
    public Tensor Read(string other, string name)
    {
        using Tensor tensor = _file!.ReadTensor(_file!.Header[$"{other}.{name}"]);
        return tensor.Type == ElementType.Int32 ? tensor.Clone() : tensor.To(Type);
    }

    public double[] Doubles(string name) => Doubles(Read(name));

    public int[] Integers(string name) => Read(name).ToArray<int>();

    public static double[] Doubles(Tensor tensor) => tensor.Type switch
    {
        ElementType.Float64 => tensor.ToArray<double>(),
        ElementType.Int32 => Array.ConvertAll(tensor.ToArray<int>(), static x => (double)x),
        _ => Array.ConvertAll(tensor.ToArray<float>(), static x => (double)x),
    };

    /// <summary>Compares a tensor, such as <c>output.logits</c>.</summary>
    public void Check(string name, Tensor got) => Check(name, Doubles(got));

    /// <inheritdoc cref="Check(string, Tensor)"/>
    public void Check(string name, double[] got)
    {
        _open.Remove(name);
        if (Has(name)) Compare(name, got, Doubles(name));
    }

    /// <summary>Compares a value by its name.</summary>
    public void CheckValue(string name, params double[] got)
    {
        _open.Remove($"values.{name}");
        if (!Values.TryGetProperty(name, out JsonElement want)) return;
        Compare(name, got, want.ValueKind == JsonValueKind.Array ? [.. want.EnumerateArray().Select(Number)] : [Number(want)]);
    }

    public void Compare(string name, double[] got, double[] want)
    {
        if (got.Length != want.Length)
        {
            _differences.Add($"{name}: {got.Length} numbers, expected {want.Length}");
            return;
        }
        double largest = want.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();
        for (int i = 0; i < got.Length; i++)
        {
            if (double.IsNaN(want[i]) && double.IsNaN(got[i]) || Math.Abs(got[i] - want[i]) <= Allowed(largest)) continue;
            _differences.Add($"{name}[{i}]: {got[i]:r}, expected {want[i]:r}");
            return;
        }
    }

    /// <summary>Passes over what is not ours to give.</summary>
    public void PassOver(Func<string, bool> isOther) => _open.RemoveWhere(name => isOther(name));

    public void Report()
    {
        Assert.True(_differences.Count == 0, $"{Name} in {Type}:\n{string.Join('\n', _differences)}");
        Assert.True(_open.Count == 0, $"{Name}: never compared: {string.Join(", ", _open)}");
    }

    public static double Number(JsonElement value) => value.ValueKind == JsonValueKind.String ? double.NaN : value.GetDouble();

    private double Allowed(double largest)
    {
        JsonElement tolerance = _case.TryGetProperty("tolerance", out JsonElement given) && given.ValueKind == JsonValueKind.Object ? given : Nothing;
        double Of(string kind, double otherwise) => tolerance.TryGetProperty(kind, out JsonElement value) ? value.GetDouble() : otherwise;
        return Type == ElementType.Float32
            ? Math.Max(Of("float32_relative", 1e-4) * Math.Max(1, largest), Of("absolute", 0))
            : Math.Max(Of("absolute", tolerance.TryGetProperty("relative", out _) ? 0 : 1e-10), Of("relative", 0) * largest);
    }
}

using System.Runtime.InteropServices;
using System.Text.Json;
using Switchyard.Modules.Safetensors;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.MoeFixtures;

/// <summary>
/// One case in one precision: inputs as tensors, knobs as values, and what must come out. Every output, gradient and
/// scalar of the manifest must be compared, or passed over with a reason, before the case counts as walked.
/// </summary>
internal sealed class MoeCase
{
    private static readonly JsonElement Nothing = JsonDocument.Parse("{}").RootElement;

    private readonly JsonElement _case;
    private readonly SafetensorsFile _file;
    private readonly HashSet<string> _open = [];
    private readonly List<string> _differences = [];

    public MoeCase(JsonElement source, ElementType type)
    {
        (_case, Type) = (source, type);
        _file = MoeManifest.File(source.GetProperty("file").GetString()!);
        foreach (string part in (string[])["output", "grad"])
            if (source.GetProperty("tensors").TryGetProperty(part, out JsonElement names))
                foreach (JsonElement name in names.EnumerateArray()) _open.Add($"{part}.{name.GetString()}");
        if (source.TryGetProperty("scalars", out JsonElement scalars))
            foreach (JsonProperty scalar in scalars.EnumerateObject())
                if (scalar.Value.ValueKind == JsonValueKind.Object) foreach (JsonProperty inner in scalar.Value.EnumerateObject()) _open.Add($"scalars.{scalar.Name}.{inner.Name}");
                else _open.Add($"scalars.{scalar.Name}");
    }

    public string Name => _case.GetProperty("name").GetString()!;

    public string Gate => _case.GetProperty("gate").GetString()!;

    /// <summary>The precision of the computation: Float32 or Float64.</summary>
    public ElementType Type { get; }

    public JsonElement Knobs => _case.GetProperty("knobs");

    public JsonElement Scalars => _case.TryGetProperty("scalars", out JsonElement scalars) ? scalars : Nothing;

    /// <summary>What must come out and was not looked at yet.</summary>
    public IReadOnlyCollection<string> Open => _open;

    public int Whole(string knob) => Knobs.GetProperty(knob).GetInt32();

    public int Whole(string knob, int otherwise) => Knobs.TryGetProperty(knob, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : otherwise;

    public double Number(string knob, double otherwise) => Knobs.TryGetProperty(knob, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : otherwise;

    public string Text(string knob, string otherwise) => Knobs.TryGetProperty(knob, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : otherwise;

    public bool Flag(string knob) => Knobs.TryGetProperty(knob, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    /// <summary>The kind and coefficient of a loss by name; null where the case has none.</summary>
    public (string Kind, double Coefficient)? Loss(string name)
    {
        if (Knobs.TryGetProperty("losses", out JsonElement losses))
            foreach (JsonElement loss in losses.EnumerateArray())
                if (loss.GetProperty("name").GetString() == name) return (loss.GetProperty("kind").GetString()!, loss.GetProperty("coefficient").GetDouble());
        return null;
    }

    public bool HasInput(string name) => _file.Header.Find($"{Name}.input.{name}") is not null;

    /// <summary>An input in the precision of the computation, asking for a gradient; int32 as it is.</summary>
    public Tensor Input(string name)
    {
        Tensor tensor = Read($"input.{name}");
        if (tensor.Type != ElementType.Int32) tensor.RequiresGradient = true;
        return tensor;
    }

    public Tensor? OptionalInput(string name) => HasInput(name) ? Read($"input.{name}") : null;

    /// <summary>A tensor of the case, such as <c>output.weight</c>, as it is stored but in the precision of the computation.</summary>
    public Tensor Read(string name)
    {
        SafetensorsEntry entry = _file.Header[$"{Name}.{name}"];
        Shape shape = Shape.Create(Array.ConvertAll(entry.Shape, checked(extent => (int)extent)));
        return entry.Type switch
        {
            SafetensorsType.Int32 => Tensor.From(Elements<int>(entry), shape),
            SafetensorsType.Float32 => Tensor.From(Elements<float>(entry), shape).To(Type),
            SafetensorsType.Float64 => Tensor.From(Elements<double>(entry), shape).To(Type),
            _ => throw new InvalidDataException($"{name} is of type {entry.Type}"),
        };
    }

    public bool Has(string name) => _file.Header.Find($"{Name}.{name}") is not null;

    /// <summary>Compares whole numbers, exactly.</summary>
    public void Check(string name, IEnumerable<int> got)
    {
        _open.Remove(name);
        if (!Has(name)) return;
        int[] want = Elements<int>(_file.Header[$"{Name}.{name}"]), have = [.. got];
        if (!want.AsSpan().SequenceEqual(have)) _differences.Add($"{name}: [{string.Join(", ", have.Take(40))}], expected [{string.Join(", ", want.Take(40))}]");
    }

    /// <summary>Compares numbers, by the case's tolerance.</summary>
    public void Check(string name, Tensor got)
    {
        if (got.Type == ElementType.Int32)
        {
            Check(name, got.ToArray<int>());
            return;
        }
        _open.Remove(name);
        if (!Has(name)) return;
        SafetensorsEntry entry = _file.Header[$"{Name}.{name}"];
        double[] want = Elements<double>(entry), have = Numbers(got);
        if (want.Length != have.Length) _differences.Add($"{name}: {got.Shape}, expected [{string.Join(", ", entry.Shape)}]");
        else Compare(name, have, want);
    }

    /// <summary>Compares a scalar, such as <c>losses.balance</c>.</summary>
    public void CheckScalar(string name, double got)
    {
        _open.Remove($"scalars.{name}");
        JsonElement want = Scalars;
        foreach (string part in name.Split('.', 2))
            if (!want.TryGetProperty(part, out want)) return;
        if (want.ValueKind == JsonValueKind.Number) Compare($"scalars.{name}", [got], [want.GetDouble()]);
    }

    /// <summary>Passes over what is not ours to give.</summary>
    public void PassOver(params ReadOnlySpan<string> names)
    {
        foreach (string name in names) _open.Remove(name);
    }

    /// <summary>The gradient of a scalar with respect to inputs; zeros where it does not depend on them.</summary>
    public static Tensor Gradient(Tensor? scalar, Tensor leaf)
        => scalar is { RequiresGradient: true } ? Gradients.Of(scalar, [leaf])[0] : Tensor.Zeros(leaf.Shape, leaf.Type);

    public static double[] Numbers(Tensor tensor) => tensor.Type == ElementType.Float64 ? tensor.ToArray<double>() : Array.ConvertAll(tensor.ToArray<float>(), static x => (double)x);

    /// <summary>Fails the test if anything differed, or was not compared.</summary>
    public void Report()
    {
        foreach (string name in _open) _differences.Add($"{name} was not compared");
        Assert.True(_differences.Count == 0, string.Join("\n", _differences));
    }

    private void Compare(string name, double[] got, double[] want)
    {
        double scale = want.Select(Math.Abs).Append(1e-3).Max(), worst = 0;
        int at = 0;
        for (int i = 0; i < want.Length; i++)
        {
            double error = got[i] == want[i] ? 0 : Math.Abs(got[i] - want[i]) / scale;
            if (double.IsNaN(error)) error = double.PositiveInfinity;
            if (error > worst) (worst, at) = (error, i);
        }
        if (worst > ToleranceOf(name)) _differences.Add($"{name}: off by {worst:g3} of the largest at {at}: {got[at]:R}, expected {want[at]:R}");
    }

    private double ToleranceOf(string name)
    {
        string type = Type == ElementType.Float64 ? "float64" : "float32";
        double tolerance = MoeManifest.Tolerance(type);
        if (!_case.TryGetProperty("tolerance", out JsonElement own) || !own.TryGetProperty(type, out JsonElement keys)) return tolerance;
        if (keys.TryGetProperty("default", out JsonElement general)) tolerance = general.GetDouble();
        foreach (JsonProperty key in keys.EnumerateObject())
            if (key.Name != "default" && name.StartsWith(key.Name, StringComparison.Ordinal)) tolerance = key.Value.GetDouble();
        return tolerance;
    }

    private T[] Elements<T>(SafetensorsEntry entry)
        where T : unmanaged
    {
        T[] elements = new T[entry.Length / Marshal.SizeOf<T>()];
        _file.Read(entry, MemoryMarshal.AsBytes(elements.AsSpan()));
        return elements;
    }
}

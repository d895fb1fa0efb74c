using System.Runtime.InteropServices;
using System.Text.Json;
using Switchyard.Modules.Safetensors;
using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>One case of the manifest in one precision: inputs as tensors, attributes as values.</summary>
internal sealed class TorchCase
{
    private readonly JsonElement _case;
    private readonly JsonElement _attributes;
    private readonly SafetensorsFile _file;
    private readonly Dictionary<string, Tensor> _inputs = [];

    public TorchCase(JsonElement source, ElementType type)
    {
        (_case, Type) = (source, type);
        _attributes = source.GetProperty("attributes");
        _file = TorchManifest.File(source.GetProperty("file").GetString()!);
        foreach (JsonElement input in source.GetProperty("inputs").EnumerateArray())
        {
            Tensor tensor = Read(input.GetProperty("tensor").GetString()!);
            if (input.GetProperty("gradient").GetBoolean()) tensor.RequiresGradient = true;
            _inputs.Add(input.GetProperty("name").GetString()!, tensor);
        }
    }

    /// <summary>The precision of the computation: Float32 or Float64.</summary>
    public ElementType Type { get; }

    public string Op => _case.GetProperty("op").GetString()!;

    /// <summary>The inputs by name, in the order of the manifest.</summary>
    public IReadOnlyDictionary<string, Tensor> Inputs => _inputs;

    /// <summary>The manifest's own entry.</summary>
    public JsonElement Source => _case;

    public Tensor this[string input] => _inputs[input];

    public Tensor? Optional(string input) => _inputs.GetValueOrDefault(input);

    public double Number(string attribute) => _attributes.GetProperty(attribute).GetDouble();

    public double? OptionalNumber(string attribute) => _attributes.GetProperty(attribute) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;

    public int Integer(string attribute) => _attributes.GetProperty(attribute).GetInt32();

    public int? OptionalInteger(string attribute) => _attributes.GetProperty(attribute) is { ValueKind: JsonValueKind.Number } number ? number.GetInt32() : null;

    public bool Flag(string attribute) => _attributes.GetProperty(attribute).GetBoolean();

    public string Text(string attribute) => _attributes.GetProperty(attribute).GetString()!;

    public int[] Integers(string attribute) => [.. _attributes.GetProperty(attribute).EnumerateArray().Select(static entry => entry.GetInt32())];

    public double[] Numbers(string attribute) => [.. _attributes.GetProperty(attribute).EnumerateArray().Select(static entry => entry.GetDouble())];

    /// <summary>An attribute of another kind.</summary>
    public JsonElement Attribute(string name) => _attributes.GetProperty(name);

    /// <summary>A tensor of the case's file: float32 is read in the precision of the computation, int32 as it is.</summary>
    public Tensor Read(string key)
    {
        SafetensorsEntry entry = _file.Header[key];
        Shape shape = Shape.Create(Array.ConvertAll(entry.Shape, checked(extent => (int)extent)));
        return entry.Type switch
        {
            SafetensorsType.Int32 => Tensor.From(Elements<int>(entry), shape),
            SafetensorsType.Float32 when Type == ElementType.Float32 => Tensor.From(Elements<float>(entry), shape),
            SafetensorsType.Float32 => Tensor.From(Array.ConvertAll(Elements<float>(entry), static x => (double)x), shape),
            SafetensorsType.Float64 => Tensor.From(Elements<double>(entry), shape),
            _ => throw new InvalidDataException($"{key} is of type {entry.Type}"),
        };
    }

    private T[] Elements<T>(SafetensorsEntry entry)
        where T : unmanaged
    {
        T[] elements = new T[entry.Length / Marshal.SizeOf<T>()];
        _file.Read(entry, MemoryMarshal.AsBytes(elements.AsSpan()));
        return elements;
    }
}

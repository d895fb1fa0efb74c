using System.Runtime.InteropServices;
using Switchyard.Tensors;

namespace Switchyard.Modules.Safetensors;

/// <summary>Tensors to and from safetensors files, in their own element type.</summary>
public static class SafetensorsTensors
{
    // A span of bytes ends at 2 GiB: larger tensors go in pieces.
    private const int PieceElements = 1 << 26;

    /// <summary>A tensor to be written under a name. It is read when the file is written.</summary>
    /// <exception cref="ArgumentException">Its elements are of a type that has no .NET counterpart: convert it first.</exception>
    public static SafetensorsSource Source(string name, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return new SafetensorsSource(name, FileType(tensor.Type), Array.ConvertAll(tensor.Shape.ToArray(), extent => (long)extent), stream =>
        {
            switch (tensor.Type)
            {
                case ElementType.Float32: Write(tensor.AsReadOnlySpan<float>(), stream); break;
                case ElementType.Float64: Write(tensor.AsReadOnlySpan<double>(), stream); break;
                case ElementType.Float16: Write(tensor.AsReadOnlySpan<Half>(), stream); break;
                default: Write(tensor.AsReadOnlySpan<int>(), stream); break;
            }
        });
    }

    /// <summary>Reads a tensor, or null if the file has none of that name. It belongs to the open scope, or to the caller.</summary>
    /// <exception cref="SwitchyardException">The file cannot be read, or holds the tensor in a type or size that is not computed with.</exception>
    public static Tensor? Read(this SafetensorsFile file, string name)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (file.Header.Find(name) is not { } entry) return null;
        ElementType type = entry.Type switch
        {
            SafetensorsType.Float32 => ElementType.Float32,
            SafetensorsType.Float64 => ElementType.Float64,
            SafetensorsType.Float16 => ElementType.Float16,
            SafetensorsType.Int32 => ElementType.Int32,
            _ => throw new SwitchyardException($"{file.Header.Source}: tensor {name} is of type {entry.Type.Code()}; F64, F32, F16 or I32 was expected", "convert the file first"),
        };
        if (entry.Shape.Length > Shape.MaxRank || Array.Exists(entry.Shape, extent => extent > int.MaxValue))
            throw new SwitchyardException($"{file.Header.Source}: tensor {name} has shape [{string.Join(", ", entry.Shape)}]; at most {Shape.MaxRank} axes of at most {int.MaxValue} were expected");
        Tensor tensor = Tensor.Empty(Shape.Create(Array.ConvertAll(entry.Shape, extent => (int)extent)), type);
        switch (type)
        {
            case ElementType.Float32: Fill(tensor.AsSpan<float>(), file, entry); break;
            case ElementType.Float64: Fill(tensor.AsSpan<double>(), file, entry); break;
            case ElementType.Float16: Fill(tensor.AsSpan<Half>(), file, entry); break;
            default: Fill(tensor.AsSpan<int>(), file, entry); break;
        }
        return tensor;
    }

    private static SafetensorsType FileType(ElementType type) => type switch
    {
        ElementType.Float32 => SafetensorsType.Float32,
        ElementType.Float64 => SafetensorsType.Float64,
        ElementType.Float16 => SafetensorsType.Float16,
        ElementType.Int32 => SafetensorsType.Int32,
        _ => throw new ArgumentException($"a tensor of {type} is not written: convert it to Float32 first"),
    };

    private static void Write<T>(ReadOnlySpan<T> elements, Stream stream)
        where T : unmanaged
    {
        for (int start = 0; start < elements.Length; start += PieceElements)
            stream.Write(MemoryMarshal.AsBytes(elements.Slice(start, Math.Min(PieceElements, elements.Length - start))));
    }

    private static void Fill<T>(Span<T> elements, SafetensorsFile file, SafetensorsEntry entry)
        where T : unmanaged
    {
        long position = 0;
        for (int start = 0; start < elements.Length; start += PieceElements)
        {
            Span<byte> piece = MemoryMarshal.AsBytes(elements.Slice(start, Math.Min(PieceElements, elements.Length - start)));
            file.Read(entry, position, piece);
            position += piece.Length;
        }
    }
}

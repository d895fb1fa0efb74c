using Switchyard.Tensors;

namespace Switchyard.Modules.Safetensors;

/// <summary>Tensors from and to safetensors entries.</summary>
public static class SafetensorsTensors
{
    private const int PieceBytes = 1 << 24;

    /// <summary>Reads an entry into a tensor of its own element type.</summary>
    /// <exception cref="SwitchyardException">The entry's type or number of axes has no tensor, or reading fails.</exception>
    public static Tensor ReadTensor(this SafetensorsFile file, SafetensorsEntry entry)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(entry);
        ElementType type = entry.Type switch
        {
            SafetensorsType.Float32 => ElementType.Float32,
            SafetensorsType.Float64 => ElementType.Float64,
            SafetensorsType.Int32 => ElementType.Int32,
            SafetensorsType.BFloat16 => ElementType.BFloat16,
            SafetensorsType.Float16 => ElementType.Float16,
            _ => throw new SwitchyardException($"{file.Header.Source}: tensor {entry.Name} has elements of type {entry.Type.Code()}", "F32, F64, I32, BF16 and F16 can be read"),
        };
        Tensor tensor = Tensor.Empty(ShapeOf(file, entry), type);
        for (long start = 0; start < entry.Length; start += PieceBytes)
            file.Read(entry, start, tensor.AsBytes(start, (int)Math.Min(PieceBytes, entry.Length - start)));
        return tensor;
    }

    private static Shape ShapeOf(SafetensorsFile file, SafetensorsEntry entry)
    {
        try
        {
            return Shape.Create(Array.ConvertAll(entry.Shape, static extent => checked((int)extent)));
        }
        catch (Exception failure) when (failure is ArgumentException or OverflowException)
        {
            throw new SwitchyardException($"{file.Header.Source}: tensor {entry.Name} has shape [{string.Join(", ", entry.Shape)}]", $"at most {Shape.MaxRank} axes of up to {int.MaxValue} are supported", failure);
        }
    }

    /// <summary>Reads a tensor by name and converts it to Float32; null if there is none of that name.</summary>
    /// <inheritdoc cref="ReadTensor"/>
    public static Tensor? FindFloat32(this SafetensorsCheckpoint checkpoint, string name)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (checkpoint.Find(name) is not { } file) return null;
        Tensor tensor = file.ReadTensor(file.Header[name]);
        return tensor.Type == ElementType.Float32 ? tensor : tensor.To(ElementType.Float32);
    }

    /// <summary>A tensor as something to write.</summary>
    /// <param name="tensor">What to write; it must live until it is written.</param>
    /// <param name="name">Its name in the file.</param>
    public static SafetensorsSource ToSource(this Tensor tensor, string name)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        SafetensorsType type = tensor.Type switch
        {
            ElementType.Float32 => SafetensorsType.Float32,
            ElementType.Float64 => SafetensorsType.Float64,
            ElementType.Int32 => SafetensorsType.Int32,
            ElementType.BFloat16 => SafetensorsType.BFloat16,
            ElementType.Float16 => SafetensorsType.Float16,
            _ => throw new ArgumentOutOfRangeException(nameof(tensor), tensor.Type, "no such element type"),
        };
        return new SafetensorsSource(name, type, Array.ConvertAll(tensor.Shape.ToArray(), static extent => (long)extent), stream =>
        {
            long bytes = tensor.Elements * tensor.Type.Size();
            for (long start = 0; start < bytes; start += PieceBytes)
                stream.Write(tensor.AsReadOnlyBytes(start, (int)Math.Min(PieceBytes, bytes - start)));
        });
    }
}

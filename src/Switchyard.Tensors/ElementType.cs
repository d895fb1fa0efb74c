namespace Switchyard.Tensors;

/// <summary>What one element of a tensor is.</summary>
public enum ElementType : byte
{
    /// <summary>32-bit IEEE 754: the type that models compute in.</summary>
    Float32,

    /// <summary>64-bit IEEE 754: for gradient checks and statistics.</summary>
    Float64,

    /// <summary>32-bit signed integers: indices and token ids. They carry no gradient.</summary>
    Int32,

    /// <summary>The upper half of a Float32: storage only, convert before computing.</summary>
    BFloat16,

    /// <summary>16-bit IEEE 754: storage only, convert before computing.</summary>
    Float16,
}

/// <summary>Facts about <see cref="ElementType"/>.</summary>
public static class ElementTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this ElementType type) => type switch
    {
        ElementType.Float64 => 8,
        ElementType.Float32 or ElementType.Int32 => 4,
        ElementType.BFloat16 or ElementType.Float16 => 2,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no such element type"),
    };

    /// <summary>Whether arithmetic is done in this type, and gradients exist: Float32 and Float64.</summary>
    public static bool IsComputed(this ElementType type) => type is ElementType.Float32 or ElementType.Float64;

    /// <summary>The element type whose elements are <typeparamref name="T"/>: float, double, int or Half (BFloat16 has no .NET type).</summary>
    public static ElementType Of<T>()
        where T : unmanaged
        => typeof(T) == typeof(float) ? ElementType.Float32
            : typeof(T) == typeof(double) ? ElementType.Float64
            : typeof(T) == typeof(int) ? ElementType.Int32
            : typeof(T) == typeof(Half) ? ElementType.Float16
            : throw new ArgumentException($"no element type holds {typeof(T).Name}: use float, double, int or Half");
}

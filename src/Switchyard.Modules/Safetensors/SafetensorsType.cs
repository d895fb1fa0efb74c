namespace Switchyard.Modules.Safetensors;

/// <summary>The element types of the safetensors format, as named in its reference implementation 0.8.</summary>
public enum SafetensorsType
{
    /// <summary>One byte per truth value; any byte but 0 is true.</summary>
    Bool,

    /// <summary>Unsigned 8-bit integer.</summary>
    UInt8,

    /// <summary>Signed 8-bit integer.</summary>
    Int8,

    /// <summary>Unsigned 16-bit integer.</summary>
    UInt16,

    /// <summary>Signed 16-bit integer.</summary>
    Int16,

    /// <summary>Unsigned 32-bit integer.</summary>
    UInt32,

    /// <summary>Signed 32-bit integer.</summary>
    Int32,

    /// <summary>Unsigned 64-bit integer.</summary>
    UInt64,

    /// <summary>Signed 64-bit integer.</summary>
    Int64,

    /// <summary>IEEE 754 binary16.</summary>
    Float16,

    /// <summary>The upper half of a binary32.</summary>
    BFloat16,

    /// <summary>IEEE 754 binary32.</summary>
    Float32,

    /// <summary>IEEE 754 binary64.</summary>
    Float64,

    /// <summary>Two binary32: real and imaginary part.</summary>
    Complex64,

    /// <summary>Two 4-bit floats (e2m1) per byte.</summary>
    Float4,

    /// <summary>6-bit float e2m3, packed.</summary>
    Float6E2M3,

    /// <summary>6-bit float e3m2, packed.</summary>
    Float6E3M2,

    /// <summary>8-bit float e4m3fn: no infinities.</summary>
    Float8E4M3,

    /// <summary>8-bit float e5m2.</summary>
    Float8E5M2,

    /// <summary>8-bit power of two, a block scale.</summary>
    Float8E8M0,

    /// <summary>8-bit float e4m3fnuz: no infinities, no negative zero.</summary>
    Float8E4M3Fnuz,

    /// <summary>8-bit float e5m2fnuz: no infinities, no negative zero.</summary>
    Float8E5M2Fnuz,
}

/// <summary>Names and sizes of <see cref="SafetensorsType"/>.</summary>
public static class SafetensorsTypes
{
    // The one table: how a type is written in a header, and how many bits an element takes.
    private static readonly (SafetensorsType Type, string Code, int Bits)[] Table =
    [
        (SafetensorsType.Bool, "BOOL", 8),
        (SafetensorsType.UInt8, "U8", 8),
        (SafetensorsType.Int8, "I8", 8),
        (SafetensorsType.UInt16, "U16", 16),
        (SafetensorsType.Int16, "I16", 16),
        (SafetensorsType.UInt32, "U32", 32),
        (SafetensorsType.Int32, "I32", 32),
        (SafetensorsType.UInt64, "U64", 64),
        (SafetensorsType.Int64, "I64", 64),
        (SafetensorsType.Float16, "F16", 16),
        (SafetensorsType.BFloat16, "BF16", 16),
        (SafetensorsType.Float32, "F32", 32),
        (SafetensorsType.Float64, "F64", 64),
        (SafetensorsType.Complex64, "C64", 64),
        (SafetensorsType.Float4, "F4", 4),
        (SafetensorsType.Float6E2M3, "F6_E2M3", 6),
        (SafetensorsType.Float6E3M2, "F6_E3M2", 6),
        (SafetensorsType.Float8E4M3, "F8_E4M3", 8),
        (SafetensorsType.Float8E5M2, "F8_E5M2", 8),
        (SafetensorsType.Float8E8M0, "F8_E8M0", 8),
        (SafetensorsType.Float8E4M3Fnuz, "F8_E4M3FNUZ", 8),
        (SafetensorsType.Float8E5M2Fnuz, "F8_E5M2FNUZ", 8),
    ];

    /// <summary>How a header writes the type, for example <c>BF16</c>.</summary>
    public static string Code(this SafetensorsType type) => Row(type).Code;

    /// <summary>Bits per element; 4 and 6 for the packed types.</summary>
    public static int Bits(this SafetensorsType type) => Row(type).Bits;

    /// <summary>The type that a header writes as <paramref name="code"/>; false where there is none.</summary>
    internal static bool TryParse(string code, out SafetensorsType type)
    {
        foreach (var row in Table)
        {
            if (row.Code != code) continue;
            type = row.Type;
            return true;
        }
        type = default;
        return false;
    }

    private static (SafetensorsType Type, string Code, int Bits) Row(SafetensorsType type)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)type, (uint)Table.Length, nameof(type));
        return Table[(int)type];
    }

    /// <summary>
    /// Bytes of a tensor, or null where the count overflows 64 bits on the way or is no whole number of bytes.
    /// Dimensions are multiplied in order and then by the bits of an element, as the reference does, so that
    /// 2^63 x 0 is 0 but 2^40 x 2^40 x 0 overflows.
    /// </summary>
    internal static ulong? Bytes(this SafetensorsType type, ReadOnlySpan<ulong> shape)
    {
        UInt128 product = 1;
        foreach (ulong dimension in shape)
        {
            product *= dimension;
            if (product > ulong.MaxValue) return null;
        }
        product *= (uint)type.Bits();
        return product > ulong.MaxValue || product % 8 != 0 ? null : (ulong)(product / 8);
    }
}

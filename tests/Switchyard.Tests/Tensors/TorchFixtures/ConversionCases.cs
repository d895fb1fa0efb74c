using System.Runtime.InteropServices;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Random bits, and narrow floating point formats as bit patterns.</summary>
internal static class ConversionCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["philox"] = Philox,
        ["convert"] = static c => Tensor.From(Converted(c, c.Flag("saturate")), c["bits"].Shape),
        ["convert_nan"] = static c => Tensor.From(Array.ConvertAll(Converted(c, saturate: false), bits => IsNaN(bits, c.Text("to")) ? 1 : 0), c["bits"].Shape),
    };

    private static TorchOutputs Philox(TorchCase c)
    {
        ReadOnlySpan<int> counters = c["counter"].AsReadOnlySpan<int>(), keys = c["key"].AsReadOnlySpan<int>();
        int[] words = new int[counters.Length];
        for (int i = 0; i < counters.Length / 4; i++)
        {
            ReadOnlySpan<uint> x = MemoryMarshal.Cast<int, uint>(counters.Slice(4 * i, 4)), key = MemoryMarshal.Cast<int, uint>(keys.Slice(2 * i, 2));
            (uint x0, uint x1, uint x2, uint x3) = Switchyard.Tensors.Philox.Generate(x[0], x[1], x[2], x[3], key[0], key[1], c.Integer("rounds"));
            ((uint[])[x0, x1, x2, x3]).CopyTo(MemoryMarshal.Cast<int, uint>(words.AsSpan(4 * i)));
        }
        return Tensor.From(words, c["counter"].Shape);
    }

    private static int[] Converted(TorchCase c, bool saturate)
    {
        int[] bits = c["bits"].ToArray<int>();
        float[] numbers = Widened(bits, c.Text("from"));
        return Narrowed(numbers, c.Text("to"), saturate);
    }

    private static float[] Widened(int[] bits, string format)
    {
        float[] numbers = new float[bits.Length];
        switch (format)
        {
            case "float32": return Array.ConvertAll(bits, BitConverter.Int32BitsToSingle);
            case "bfloat16": HalfConversion.FromBFloat16(Array.ConvertAll(bits, static x => (ushort)x), numbers); break;
            case "float16": HalfConversion.FromFloat16(Array.ConvertAll(bits, static x => BitConverter.UInt16BitsToHalf((ushort)x)), numbers); break;
            case "e4m3fn": Float8Conversion.FromE4M3(Array.ConvertAll(bits, static x => (byte)x), numbers); break;
            case "e5m2": Float8Conversion.FromE5M2(Array.ConvertAll(bits, static x => (byte)x), numbers); break;
            default: throw new ArgumentException(format);
        }
        return numbers;
    }

    private static int[] Narrowed(float[] numbers, string format, bool saturate)
    {
        ushort[] shorts = new ushort[numbers.Length];
        byte[] bytes = new byte[numbers.Length];
        switch (format)
        {
            case "float32": return Array.ConvertAll(numbers, BitConverter.SingleToInt32Bits);
            case "bfloat16": HalfConversion.ToBFloat16(numbers, shorts); break;
            case "float16": HalfConversion.ToFloat16(numbers, MemoryMarshal.Cast<ushort, Half>(shorts.AsSpan())); break;
            case "e4m3fn": Float8Conversion.ToE4M3(numbers, bytes, saturate); break;
            case "e5m2": Float8Conversion.ToE5M2(numbers, bytes); break;
            default: throw new ArgumentException(format);
        }
        return format is "bfloat16" or "float16" ? Array.ConvertAll(shorts, static x => (int)x) : Array.ConvertAll(bytes, static x => (int)x);
    }

    private static bool IsNaN(int bits, string format) => format switch
    {
        "float32" => float.IsNaN(BitConverter.Int32BitsToSingle(bits)),
        "bfloat16" => (bits & 0x7FFF) > 0x7F80,
        "float16" => (bits & 0x7FFF) > 0x7C00,
        "e4m3fn" => (bits & 0x7F) == 0x7F,
        "e5m2" => (bits & 0x7F) > 0x7C,
        _ => throw new ArgumentException(format),
    };
}

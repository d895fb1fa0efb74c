using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Switchyard.Modules.Safetensors;

namespace Switchyard.Tests.Modules.Safetensors;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("switchyard-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_file_cut_at_any_byte_is_refused()
    {
        byte[] whole = Sample();
        string path = Path.Combine(folder, "cut.safetensors");
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<SwitchyardException>(() => SafetensorsFile.Open(path).Dispose());
            Assert.Throws<SwitchyardException>(() => SafetensorsHeader.Parse(whole.AsSpan(0, length), "cut"));
        }
        File.WriteAllBytes(path, whole);
        SafetensorsFile.Open(path).Dispose();
    }

    [Fact]
    public void A_file_that_shrinks_after_opening_is_refused()
    {
        string path = Path.Combine(folder, "shrinks.safetensors");
        byte[] whole = Sample();
        File.WriteAllBytes(path, whole);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        using (FileStream stream = new(path, FileMode.Open)) stream.SetLength(whole.Length - 1);
        SafetensorsEntry last = file.Header.Entries.MaxBy(entry => entry.Offset + entry.Length)!;
        Assert.Throws<SwitchyardException>(() => file.Read(last, new byte[last.Length]));
    }

    [Fact]
    public void Flipped_bits_are_refused_or_read_consistently()
    {
        byte[] whole = Sample();
        int header = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(whole);
        Gen<int[]> flips = Gen.Choose(0, header * 8 - 1).ArrayOf().Where(bits => bits.Length is > 0 and <= 8);
        Check.One(Config.QuickThrowOnFailure.WithReplay(1, 3).WithMaxTest(5_000), Prop.ForAll(Arb.From(flips), bits =>
        {
            byte[] damaged = [.. whole];
            foreach (int bit in bits) damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            AssertConsistentOrRefused(damaged);
        }));
    }

    [Fact]
    public void Every_single_flipped_bit_is_refused_or_read_consistently()
    {
        byte[] whole = Sample();
        int header = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(whole);
        for (int bit = 0; bit < header * 8; bit++)
        {
            byte[] damaged = [.. whole];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            AssertConsistentOrRefused(damaged);
        }
    }

    [Fact]
    public void A_huge_claim_is_refused_without_allocating_it()
    {
        string path = Path.Combine(folder, "claim.safetensors");
        byte[] content = [.. BitConverter.GetBytes(99_999_999L), .. "{}"u8];
        File.WriteAllBytes(path, content);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<SwitchyardException>(() => SafetensorsFile.Open(path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "'a' occurs twice")]
    [InlineData("""{"__metadata__":{},"__metadata__":{},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1, "'__metadata__' occurs twice")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "begins at byte 1 of the data, where byte 0 was expected")]
    [InlineData("""{"a\nb":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}}""", 1, @"tensor 'a\nb': shape [2] of U8 needs 2 bytes, but data_offsets [0, 1] hold 1")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 4, "3 belong to none")]
    public void A_refusal_says_what_is_wrong(string json, int dataLength, string expected)
    {
        byte[] header = Encoding.UTF8.GetBytes(json);
        byte[] file = [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[dataLength]];
        var refusal = Assert.Throws<SwitchyardException>(() => SafetensorsHeader.Parse(file, "model.safetensors"));
        Assert.StartsWith("model.safetensors: ", refusal.Message);
        Assert.Contains(expected, refusal.Message);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [Fact]
    public void A_shape_that_no_tensor_can_have_is_refused()
    {
        string path = Path.Combine(folder, "shapes.safetensors");
        SafetensorsWriter.Write(path,
            [
                new("overflow", SafetensorsType.Float32, [0, int.MaxValue, int.MaxValue, int.MaxValue], ReadOnlyMemory<byte>.Empty),
                new("long", SafetensorsType.Float32, [0, 1L << 31], ReadOnlyMemory<byte>.Empty),
                new("deep", SafetensorsType.Float32, [1, 1, 1, 1, 1, 1, 1], new byte[4]),
            ]);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach (SafetensorsEntry entry in file.Header.Entries)
            Assert.Contains(entry.Name, Assert.Throws<SwitchyardException>(() => file.ReadTensor(entry)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_readable_file_is_named()
    {
        foreach (string path in new[] { Path.Combine(folder, "absent"), folder })
            Assert.Contains(path, Assert.Throws<SwitchyardException>(() => SafetensorsFile.Open(path)).Message);
    }

    [Fact]
    public void Reading_outside_a_tensor_is_wrong_use()
    {
        string path = Path.Combine(folder, "model.safetensors");
        File.WriteAllBytes(path, Sample());
        using SafetensorsFile file = SafetensorsFile.Open(path);
        SafetensorsEntry entry = file.Header["layer.weight"];
        Assert.Throws<ArgumentException>(() => file.Read(entry, new byte[entry.Length + 1]));
        Assert.Throws<ArgumentException>(() => file.Read(entry, 1, new byte[entry.Length]));
        Assert.Throws<ArgumentException>(() => file.Read(entry, long.MaxValue, new byte[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(entry, -1, new byte[1]));
    }

    [Fact]
    public void Tensors_beyond_two_gibibytes_are_read_in_parts()
    {
        string path = Path.Combine(folder, "large.safetensors");
        long length = (1L << 31) + 5;
        byte[] header = Encoding.UTF8.GetBytes($$$"""{"a":{"dtype":"U8","shape":[{{{length}}}],"data_offsets":[0,{{{length}}}]}}""");
        using (FileStream stream = new(path, FileMode.CreateNew))
        {
            stream.Write(BitConverter.GetBytes((long)header.Length));
            stream.Write(header);
            // The file is sparse: only its last bytes take room.
            stream.SetLength(stream.Position + length);
            stream.Seek(-3, SeekOrigin.End);
            stream.Write([1, 2, 3]);
        }
        using SafetensorsFile file = SafetensorsFile.Open(path);
        byte[] tail = new byte[4];
        file.Read(file.Header["a"], length - 4, tail);
        Assert.Equal([0, 1, 2, 3], tail);
    }

    private static void AssertConsistentOrRefused(byte[] content)
    {
        SafetensorsHeader header;
        try
        {
            header = SafetensorsHeader.Parse(content, "damaged");
        }
        catch (SwitchyardException refusal)
        {
            Assert.DoesNotContain('\n', refusal.Message);
            return;
        }
        long data = content.Length - header.Entries.Sum(entry => entry.Length);
        foreach (SafetensorsEntry entry in header.Entries.OrderBy(entry => entry.Offset).ThenBy(entry => entry.Length))
        {
            Assert.Equal(data, entry.Offset);
            Assert.Equal(entry.Length, entry.Shape.Aggregate(1L, (product, dimension) => product * dimension) * entry.Type.Bits() / 8);
            data += entry.Length;
        }
        Assert.Equal(content.Length, data);
    }

    private byte[] Sample()
    {
        string path = Path.Combine(folder, "sample.safetensors");
        SafetensorsWriter.Write(path,
            [
                new("layer.weight", SafetensorsType.Float32, [2, 3], new byte[24]),
                new("layer.bias", SafetensorsType.BFloat16, [3], new byte[6]),
                new("steps", SafetensorsType.Int64, [], new byte[8]),
                new("none", SafetensorsType.Int8, [0, 4], ReadOnlyMemory<byte>.Empty),
            ],
            new Dictionary<string, string> { ["format"] = "pt" });
        return File.ReadAllBytes(path);
    }
}

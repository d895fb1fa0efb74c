using System.Text;
using Switchyard.Modules.Safetensors;

namespace Switchyard.Tests.Modules.Safetensors;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("switchyard-").FullName;

    private string Target => Path.Combine(folder, "model.safetensors");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void What_was_written_is_read()
    {
        byte[] weights = [.. Enumerable.Range(0, 24).Select(i => (byte)(i * 7))];
        SafetensorsWriter.Write(Target,
            [
                new("flag", SafetensorsType.Bool, [3], new byte[] { 1, 0, 1 }),
                new("α \"β\"\n", SafetensorsType.Float32, [2, 3], weights),
                new("scalar", SafetensorsType.Float64, [], stream => stream.Write(BitConverter.GetBytes(Math.PI))),
                new("", SafetensorsType.BFloat16, [0, 5], ReadOnlyMemory<byte>.Empty),
            ],
            new Dictionary<string, string> { ["z"] = "last", ["format"] = "pt" });

        using SafetensorsFile file = SafetensorsFile.Open(Target);
        Assert.Equal(["format", "z"], file.Header.Metadata.Keys);
        // The widest elements come first, so each tensor is aligned to its own elements.
        Assert.Equal(["scalar", "α \"β\"\n", "", "flag"], file.Header.Entries.Select(entry => entry.Name));
        Assert.Equal(0, file.Header.Entries[0].Offset % 8);
        SafetensorsEntry entry = file.Header["α \"β\"\n"];
        Assert.Equal(SafetensorsType.Float32, entry.Type);
        Assert.Equal([2, 3], entry.Shape);
        byte[] read = new byte[24];
        file.Read(entry, read);
        Assert.Equal(weights, read);
        file.Read(entry, 20, read.AsSpan(0, 4));
        Assert.Equal(weights[20..], read[..4]);
        Assert.Equal([0, 5], file.Header[""].Shape);
        Assert.Null(file.Header.Find("absent"));
        Assert.Contains("absent", Assert.Throws<SwitchyardException>(() => file.Header["absent"]).Message);
    }

    [Fact]
    public void Bytes_are_those_of_the_reference()
    {
        // What safetensors 0.8 itself writes for this tensor: compact JSON, padded with spaces to 8 bytes.
        SafetensorsWriter.Write(Target, [new("a", SafetensorsType.Float32, [1], new byte[] { 0, 0, 128, 63 })]);
        string json = """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""";
        byte[] expected = [56, 0, 0, 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(json.PadRight(56)), 0, 0, 128, 63];
        Assert.Equal(expected, File.ReadAllBytes(Target));
    }

    [Fact]
    public void Every_type_survives()
    {
        SafetensorsType[] types = Enum.GetValues<SafetensorsType>();
        SafetensorsWriter.Write(Target, types.Select(type => new SafetensorsSource(type.Code(), type, [4], new byte[type.Bits() / 2])));
        using SafetensorsFile file = SafetensorsFile.Open(Target);
        foreach (SafetensorsType type in types) Assert.Equal(type, file.Header[type.Code()].Type);
    }

    [Fact]
    public void A_failure_half_way_leaves_the_old_file()
    {
        File.WriteAllText(Target, "old");
        SafetensorsSource good = new("a", SafetensorsType.UInt8, [100_000], new byte[100_000]);
        SafetensorsSource bad = new("b", SafetensorsType.UInt8, [9], _ => throw new InvalidOperationException("half-way"));
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(Target, [good, bad]));
        Assert.Equal("old", File.ReadAllText(Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(folder));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void A_tensor_of_another_length_is_wrong_use(int length)
    {
        var failure = Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(Target, [new("a", SafetensorsType.Float32, [1], new byte[length])]));
        Assert.Contains($"'a' wrote {length} bytes", failure.Message);
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void Impossible_tensors_are_wrong_use()
    {
        static SafetensorsSource Empty(string name, params long[] shape) => new(name, SafetensorsType.Float4, shape, ReadOnlyMemory<byte>.Empty);
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(Target, [Empty("a", 0), Empty("a", 0)]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(Target, [Empty("__metadata__", 0)]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(Target, [Empty("a", -1, 0)]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(Target, [Empty("a", 3)]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(Target, [Empty("a", 1L << 40, 1L << 40)]));
        Assert.ThrowsAny<ArgumentException>(() => SafetensorsWriter.Write(Target, [Empty("\ud800", 0)]));
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }
}

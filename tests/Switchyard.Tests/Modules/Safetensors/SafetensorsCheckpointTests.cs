using Switchyard.Modules.Safetensors;

namespace Switchyard.Tests.Modules.Safetensors;

public sealed class SafetensorsCheckpointTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("switchyard-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_folder_of_shards_reads_as_one()
    {
        WriteShard("first.safetensors", "a", 1);
        WriteShard("second.safetensors", "b", 2);
        WriteIndex("""{"metadata":{"total_size":2},"weight_map":{"b":"second.safetensors","a":"first.safetensors"}}""");
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder);
        Assert.Equal(["b", "a"], checkpoint.Names);
        Assert.Equal(2, checkpoint.Files.Count);
        byte[] value = new byte[1];
        SafetensorsFile file = checkpoint["b"];
        file.Read(file.Header["b"], value);
        Assert.Equal(2, value[0]);
        Assert.Null(checkpoint.Find("c"));
        Assert.Throws<SwitchyardException>(() => checkpoint["c"]);
    }

    [Fact]
    public void A_folder_with_one_file_reads_that()
    {
        WriteShard("model.safetensors", "a", 1);
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder);
        Assert.Equal(["a"], checkpoint.Names);
    }

    [Fact]
    public void A_folder_without_a_model_is_refused() =>
        Assert.Contains(folder, Assert.Throws<SwitchyardException>(() => SafetensorsCheckpoint.Open(folder)).Message);

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("""{"weight_map":{"a":"first.safetensors","a":"first.safetensors"}}""", "'a' twice")]
    [InlineData("""{"weight_map":{"a":"first.safetensors"},"weight_map":{}}""", "two members weight_map")]
    [InlineData("""{"weight_map":{"a":".."}}""", "plain name")]
    [InlineData("""{"weight_map":{"a":"sub/../first.safetensors"}}""", "plain name")]
    [InlineData("""{"weight_map":{"a":"first.safetensors\u0000"}}""", "plain name")]
    [InlineData("""{"weight_map":{"a":"\ud800"}}""", "not valid JSON")]
    [InlineData("""{"weight_map":{"a":"first.safetensors"}""", "not valid JSON")]
    [InlineData("""{"weight_map":{"a":"first.safetensors"}} x""", "not valid JSON")]
    [InlineData("""{"weight_map":["a"]}""", "must be an object")]
    [InlineData("""{"weight_map":{"b":"first.safetensors"}}""", "'b' is not in 'first.safetensors'")]
    public void A_faulty_index_is_refused(string json, string expected)
    {
        WriteShard("first.safetensors", "a", 1);
        WriteIndex(json);
        var refusal = Assert.Throws<SwitchyardException>(() => SafetensorsCheckpoint.Open(folder));
        Assert.Contains("model.safetensors.index.json", refusal.Message);
        Assert.Contains(expected, refusal.Message);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    private void WriteShard(string file, string name, byte value) =>
        SafetensorsWriter.Write(Path.Combine(folder, file), [new(name, SafetensorsType.UInt8, [1], new[] { value })]);

    private void WriteIndex(string json) => File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), json);
}

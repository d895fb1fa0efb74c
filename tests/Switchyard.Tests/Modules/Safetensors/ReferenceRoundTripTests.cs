using Switchyard.Modules.Safetensors;

namespace Switchyard.Tests.Modules.Safetensors;

/// <summary>Files that the reference implementation wrote, read and written again, are the same files byte for byte.</summary>
[Trait("Category", "Fixtures")]
public sealed class ReferenceRoundTripTests
{
    [Fact]
    public void Files_of_the_reference_are_rewritten_byte_for_byte()
    {
        string[] paths = [.. Directory.GetFiles(Fixtures.Require(), "*.safetensors", SearchOption.AllDirectories)
            .Where(path => !path.Contains("hostile_safetensors", StringComparison.Ordinal))];
        Assert.NotEmpty(paths);
        string folder = Directory.CreateTempSubdirectory("switchyard-").FullName;
        try
        {
            string copy = Path.Combine(folder, "copy.safetensors");
            foreach (string path in paths)
            {
                using (SafetensorsFile file = SafetensorsFile.Open(path))
                    SafetensorsWriter.Write(copy, file.Header.Entries.Select(entry => Copy(file, entry)), file.Header.Metadata);
                Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(File.ReadAllBytes(copy)), path);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static SafetensorsSource Copy(SafetensorsFile file, SafetensorsEntry entry) => new(entry.Name, entry.Type, entry.Shape, stream =>
    {
        byte[] data = new byte[entry.Length];
        file.Read(entry, data);
        stream.Write(data);
    });
}

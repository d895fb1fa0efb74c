using System.Text.Json;
using Switchyard.Modules.Safetensors;

namespace Switchyard.Tests.Modules.Safetensors;

/// <summary>Every hostile file and index gets the verdict that the manifest of its folder states.</summary>
[Trait("Category", "Fixtures")]
public sealed class HostileSafetensorsTests
{
    private static readonly string[] Folder = ["gguf", "hostile_safetensors"];

    public static IEnumerable<TheoryDataRow<string, string>> Files() => Cases("files");

    public static IEnumerable<TheoryDataRow<string, string>> Indices() => Cases("index_files");

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_gets_its_verdict(string file, string must)
    {
        string path = Fixtures.Require([.. Folder, file]);
        bool onDisk = Judge(() => ReadAll(path));
        bool inMemory = Judge(() => SafetensorsHeader.Parse(File.ReadAllBytes(path), file));
        Assert.Equal(onDisk, inMemory);
        if (!must.Contains(" or ", StringComparison.Ordinal)) Assert.Equal(must, onDisk ? "accept" : "refuse");
    }

    [Theory]
    [MemberData(nameof(Indices))]
    public void An_index_gets_its_verdict(string file, string must)
    {
        string path = Fixtures.Require([.. Folder, file]);
        Assert.Equal(must, Judge(() => SafetensorsCheckpoint.Open(path).Dispose()) ? "accept" : "refuse");
    }

    private static void ReadAll(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach (SafetensorsEntry entry in file.Header.Entries) file.Read(entry, new byte[entry.Length]);
    }

    // A refusal is one line with a hint; every other exception fails the test.
    private static bool Judge(Action read)
    {
        try
        {
            read();
            return true;
        }
        catch (SwitchyardException refusal)
        {
            Assert.DoesNotContain('\n', refusal.Message);
            Assert.NotNull(refusal.Hint);
            return false;
        }
    }

    private static IEnumerable<TheoryDataRow<string, string>> Cases(string list)
    {
        string? manifest = Fixtures.Find([.. Folder, "manifest.json"]);
        if (manifest is null)
        {
            yield return new TheoryDataRow<string, string>("manifest.json", "") { Skip = $"no fixtures at {Path.Combine([Fixtures.Root, .. Folder])}" };
            yield break;
        }
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(manifest));
        foreach (JsonElement item in json.RootElement.GetProperty(list).EnumerateArray())
        {
            string file = item.GetProperty("file").GetString()!;
            string must = item.GetProperty("must").GetString()!;
            // What follows a semicolon concerns the use of the data, not the verdict.
            yield return new TheoryDataRow<string, string>(file, must.Split(';')[0]) { TestDisplayName = $"hostile_safetensors/{file}: {must}" };
        }
    }
}

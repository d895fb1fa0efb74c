using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Switchyard.Cli.Commands;

namespace Switchyard.Tests.Cli;

public sealed class InspectCommandTests : IDisposable
{
    private readonly CapturedTerminal _terminal = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-inspect-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_is_listed_tensor_by_tensor()
    {
        string path = Write("model.safetensors",
            """{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[],"data_offsets":[24,26]}}""", 26);

        Assert.Equal(0, Inspect(path));
        Assert.Equal(
            [
                $"{path}: 2 tensors, 26 B",
                "  a.weight  F32   [2, 3]  24 B",
                "  b         BF16  []       2 B",
                "  format: pt",
                "",
                "7 parameters, 26 B in 1 file",
            ], _terminal.OutLines);
    }

    [Fact]
    public void A_folder_counts_the_parameters_of_its_model_only()
    {
        Write("model.safetensors", """{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", 16);
        Write("optimizer.safetensors", """{"w.mean":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", 16);
        File.WriteAllText(Path.Combine(_folder, "config.json"), """{"num_experts": 8, "hidden_act": "silu"}""");

        Assert.Equal(0, Inspect(_folder, "--json"));
        using JsonDocument json = JsonDocument.Parse(Assert.Single(_terminal.OutLines));
        JsonElement root = json.RootElement;
        Assert.Equal(4, root.GetProperty("parameters").GetInt64());
        Assert.Equal(32, root.GetProperty("bytes").GetInt64());
        Assert.Equal(8, root.GetProperty("config").GetProperty("num_experts").GetInt32());
        Assert.Equal(["model.safetensors", "optimizer.safetensors"], root.GetProperty("files").EnumerateArray().Select(file => Path.GetFileName(file.GetProperty("path").GetString())));
        JsonElement tensor = root.GetProperty("tensors")[0];
        Assert.Equal("w", tensor.GetProperty("name").GetString());
        Assert.Equal("F32", tensor.GetProperty("dtype").GetString());
        Assert.Equal(4, Assert.Single(tensor.GetProperty("shape").EnumerateArray()).GetInt64());
        Assert.Equal(16, tensor.GetProperty("bytes").GetInt64());
        Assert.Contains("  num_experts: 8", _terminal.ErrorLines);
    }

    [Fact]
    public void An_index_leads_to_its_parts()
    {
        Write("a.safetensors", """{"x":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}}""", 16);
        Write("b.safetensors", """{"y":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}""", 3);
        string index = Path.Combine(_folder, "model.safetensors.index.json");
        File.WriteAllText(index, """{"weight_map":{"y":"b.safetensors","x":"a.safetensors"}}""");

        foreach (string path in (string[])[index, _folder])
        {
            Assert.Equal(0, Inspect(path));
            Assert.Equal("5 parameters, 19 B in 2 files", _terminal.OutLines[^1]);
        }
    }

    [Fact]
    public void Names_cannot_command_the_terminal()
    {
        string path = Write("model.safetensors", """{"\u001b[2Jred":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1);
        Assert.Equal(0, Inspect(path));
        Assert.DoesNotContain('\e', _terminal.Out);
        Assert.Contains(@"\u001B[2Jred", _terminal.Out);
    }

    [Fact]
    public void What_cannot_be_read_is_named()
    {
        Assert.Equal(2, Inspect(Path.Combine(_folder, "absent.safetensors")));
        Assert.Contains("absent.safetensors", _terminal.Error);

        Assert.Equal(2, Inspect(_folder));
        Assert.Contains("the folder holds no .safetensors file", _terminal.Error);

        string below = Path.Combine(_folder, "step-1");
        Directory.CreateDirectory(below);
        File.Move(Write("model.safetensors", "{}", 0), Path.Combine(below, "model.safetensors"));
        Assert.Equal(2, Inspect(_folder));
        Assert.Contains($"  hint: there are some in {below}", _terminal.Error);

        File.WriteAllText(Path.Combine(below, "config.json"), "{\"num_experts\": ");
        Assert.Equal(2, Inspect(below));
        Assert.Contains("config.json", _terminal.Error);
        Assert.Empty(_terminal.Out);
    }

    private int Inspect(params string[] arguments) => _terminal.Run([InspectCommand.Create()], ["inspect", .. arguments]);

    private string Write(string name, string header, int bytes)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] file = new byte[8 + json.Length + bytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file, 8);
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, file);
        return path;
    }
}

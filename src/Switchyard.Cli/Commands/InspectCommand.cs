using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Modules.Safetensors;

namespace Switchyard.Cli.Commands;

/// <summary><c>inspect PATH</c>: what a checkpoint folder or a safetensors file holds. Reads headers only, no data.</summary>
internal static class InspectCommand
{
    private const string Extension = ".safetensors";
    private const int LongestText = 120;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Argument<string> path = new("PATH") { Description = "A safetensors file, its index, a checkpoint folder, or a run folder for its newest checkpoint" };
        return new RunnableCommand(
            "inspect",
            "Shows what a checkpoint folder or a safetensors file holds.",
            (parse, output, _) => Inspect(parse.GetRequiredValue(path), output),
            new Example("switchyard inspect exported/model.safetensors", "Lists every tensor with its type, shape and size."),
            new Example("switchyard inspect exported/ --json", "Prints the same as one JSON object, with the config.json beside it."))
        {
            path,
        };
    }

    private static void Inspect(string path, Output output)
    {
        path = NewestCheckpoint(path) ?? path;
        List<SafetensorsFile> files = [];
        try
        {
            int parts = OpenFiles(path, files);
            List<SafetensorsHeader> headers = [.. files.Select(file => file.Header)];
            long parameters = headers.Take(parts).SelectMany(header => header.Entries).Sum(Elements);
            JsonObject? configuration = ReadConfiguration(Path.Combine(path, "config.json"));
            Print(headers, parameters, configuration, output);
            if (output.Json) output.Result(Describe(headers, parameters, configuration));
        }
        finally
        {
            foreach (SafetensorsFile file in files) file.Dispose();
        }
    }

    /// <summary>The newest checkpoint, if the path is a run folder that has one.</summary>
    private static string? NewestCheckpoint(string path)
    {
        string checkpoints = Path.Combine(path, "checkpoints");
        return Directory.Exists(checkpoints) ? Directory.GetDirectories(checkpoints, "step-*").Order(StringComparer.Ordinal).LastOrDefault() : null;
    }

    // The parts of the model come first, and their number is returned: what lies beside a model, such as the
    // state of the optimiser, is listed but adds no parameters.
    private static int OpenFiles(string path, List<SafetensorsFile> files)
    {
        bool folder = Directory.Exists(path);
        if (!folder || File.Exists(Path.Combine(path, "model.safetensors")) || File.Exists(Path.Combine(path, "model.safetensors.index.json")))
            files.AddRange(SafetensorsCheckpoint.Open(path).Files);
        int parts = files.Count;
        if (!folder) return parts;

        HashSet<string> opened = [.. files.Select(file => Path.GetFullPath(file.Header.Source))];
        foreach (string file in Directory.EnumerateFiles(path, "*" + Extension).Order(StringComparer.Ordinal))
            if (!opened.Contains(Path.GetFullPath(file))) files.Add(SafetensorsFile.Open(file));
        if (files.Count > 0) return parts > 0 ? parts : files.Count;

        string? below = Directory.EnumerateFiles(path, "*" + Extension, SearchOption.AllDirectories).Order(StringComparer.Ordinal).LastOrDefault();
        throw new SwitchyardException($"{path}: the folder holds no {Extension} file",
            below is null ? "name a checkpoint folder or a safetensors file" : $"there are some in {Path.GetDirectoryName(below)}");
    }

    private static JsonObject? ReadConfiguration(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject
                ?? throw new SwitchyardException($"{path}: a JSON object was expected", "mend or remove the file");
        }
        catch (JsonException failure)
        {
            throw new SwitchyardException($"{path}: {failure.Message}", "mend or remove the file", failure);
        }
    }

    private static void Print(List<SafetensorsHeader> headers, long parameters, JsonObject? configuration, Output output)
    {
        StringBuilder text = new();
        foreach (SafetensorsHeader header in headers)
        {
            text.Append(CultureInfo.InvariantCulture, $"{header.Source}: {Count(header.Entries.Count, "tensor")}, ").AppendBytes(Bytes(header)).AppendLine();
            AppendTable(text, [.. header.Entries.Select(Row)]);
            foreach (var (key, value) in header.Metadata) text.AppendLine(CultureInfo.InvariantCulture, $"  {Printable(key)}: {Printable(value)}");
            text.AppendLine();
        }
        if (configuration is not null)
        {
            text.AppendLine("config.json");
            foreach (var (key, value) in configuration) text.AppendLine(CultureInfo.InvariantCulture, $"  {Printable(key)}: {Shortened(value?.ToJsonString() ?? "null")}");
            text.AppendLine();
        }
        text.Append(CultureInfo.InvariantCulture, $"{parameters:N0} parameters, ").AppendBytes(headers.Sum(Bytes));
        text.Append(CultureInfo.InvariantCulture, $" in {Count(headers.Count, "file")}");
        output.WriteLine(text.ToString());
    }

    private static JsonObject Describe(List<SafetensorsHeader> headers, long parameters, JsonObject? configuration) => new()
    {
        ["files"] = new JsonArray([.. headers.Select(header => new JsonObject
        {
            ["path"] = header.Source,
            ["tensors"] = header.Entries.Count,
            ["bytes"] = Bytes(header),
            ["metadata"] = new JsonObject(header.Metadata.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        })]),
        ["tensors"] = new JsonArray([.. headers.SelectMany(header => header.Entries.Select(entry => new JsonObject
        {
            ["file"] = Path.GetFileName(header.Source),
            ["name"] = entry.Name,
            ["dtype"] = entry.Type.Code(),
            ["shape"] = new JsonArray([.. entry.Shape.Select(dimension => JsonValue.Create(dimension))]),
            ["bytes"] = entry.Length,
        }))]),
        ["parameters"] = parameters,
        ["bytes"] = headers.Sum(Bytes),
        ["config"] = configuration,
    };

    private static string[] Row(SafetensorsEntry entry) =>
    [
        Printable(entry.Name),
        entry.Type.Code(),
        $"[{string.Join(", ", entry.Shape)}]",
        new StringBuilder().AppendBytes(entry.Length).ToString(),
    ];

    // The last column is numbers and stands to the right.
    private static void AppendTable(StringBuilder text, List<string[]> rows)
    {
        if (rows.Count == 0) return;
        int[] widths = [.. rows[0].Select((_, column) => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
        {
            for (int column = 0; column < row.Length; column++)
                text.Append("  ").Append(column == row.Length - 1 ? row[column].PadLeft(widths[column]) : row[column].PadRight(widths[column]));
            text.AppendLine();
        }
    }

    private static long Bytes(SafetensorsHeader header) => header.Entries.Sum(entry => entry.Length);

    private static long Elements(SafetensorsEntry entry) => (long)((Int128)entry.Length * 8 / entry.Type.Bits());

    private static string Count(int number, string thing) => number == 1 ? $"1 {thing}" : $"{number:N0} {thing}s";

    // Names come from outside: no control character may reach the terminal, no novel fill it.
    private static string Printable(string text) => JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(Shortened(text));

    private static string Shortened(string text) => text.Length > LongestText ? text[..LongestText] + "..." : text;
}

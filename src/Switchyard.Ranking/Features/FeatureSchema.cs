using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Switchyard.Files;

namespace Switchyard.Ranking.Features;

/// <summary>
/// What the columns of a table mean. A run keeps it as <c>schema.json</c>, with the vocabularies and scales that were measured on
/// its training rows, so that serving cannot drift from training.
/// </summary>
public sealed record FeatureSchema
{
    /// <summary>The version of the layout that this program writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>The file's name in a run's folder.</summary>
    public const string FileName = "schema.json";

    /// <summary>The version of the layout.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>The features.</summary>
    public required IReadOnlyList<Feature> Features { get; init; }

    /// <summary>The tasks, at least one.</summary>
    public required IReadOnlyList<TaskColumn> Tasks { get; init; }

    /// <summary>Where examples stood on the page; null where nobody knows.</summary>
    public PositionColumns? Position { get; init; }

    /// <summary>A column whose equal values are one list, such as a request: lists are ranked, and never stand on both sides of a split. Null where every row is on its own.</summary>
    public string? Group { get; init; }

    /// <summary>A column of times, as numbers: what is tested comes after what was learnt. Null for a split by chance.</summary>
    public string? Time { get; init; }

    /// <summary>A column, such as the user: each of its values is split by its own times. Null for one split of all.</summary>
    public string? TimeWithin { get; init; }

    /// <summary>The columns of a file that has no header; null where the first line names them.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>Cells that mean that a value is missing, beside empty ones.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>Reads a schema.</summary>
    /// <exception cref="SwitchyardException">It cannot be read, or is not possible.</exception>
    public static FeatureSchema Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return Parse(File.ReadAllBytes(path), path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot read '{path}': {failure.Message.ReplaceLineEndings(" ")}", "name a schema that you may read", failure);
        }
    }

    /// <summary>Reads a schema from its JSON text.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">What messages call it.</param>
    /// <exception cref="SwitchyardException">It is not a schema, or not a possible one.</exception>
    public static FeatureSchema Parse(ReadOnlySpan<byte> json, string source)
    {
        try
        {
            FeatureSchema schema = Filled((JsonNode.Parse(json) ?? throw new JsonException("null is no schema")).AsObject()).Deserialize(SchemaJson.Default.FeatureSchema)!;
            schema.Check(source);
            return schema;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new SwitchyardException($"{source}: not a schema: {failure.Message.ReplaceLineEndings(" ")}", "give features and tasks as docs/ranking.md shows", failure);
        }
    }

    /// <summary>Writes the schema.</summary>
    public void Write(string path) => AtomicFile.WriteText(path, ToJson());

    /// <summary>The JSON text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, SchemaJson.Default.FeatureSchema) + "\n";

    /// <summary>The same with some of the tasks, in the order asked for.</summary>
    /// <exception cref="ArgumentException">There is no such task, or one says nothing without another that is left out.</exception>
    public FeatureSchema WithTasks(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        TaskColumn[] tasks = [.. names.Select(name => Tasks.FirstOrDefault(task => task.Name == name) ?? throw new ArgumentException($"there is no task '{name}': the schema has {string.Join(", ", TaskNames)}"))];
        if (tasks.FirstOrDefault(task => task.When is { } other && !names.Contains(other)) is { } lone) throw new ArgumentException($"the task '{lone.Name}' says nothing without '{lone.When}': ask for both");
        return this with { Tasks = tasks };
    }

    /// <summary>The names of the tasks.</summary>
    internal IReadOnlyList<string> TaskNames => [.. Tasks.Select(static task => task.Name)];

    /// <summary>The place of a task.</summary>
    internal int IndexOf(string task) => TaskNames.ToList().IndexOf(task);

    /// <summary>What is not said stands at its default: a key that is missing would leave a property at zero.</summary>
    private static JsonObject Filled(JsonObject schema)
    {
        schema["format"] ??= CurrentFormat;
        schema["missing"] ??= new JsonArray();
        Fill("features", JsonSerializer.SerializeToNode(new Feature { Name = "" }, SchemaJson.Default.Feature)!);
        Fill("tasks", JsonSerializer.SerializeToNode(new TaskColumn { Name = "" }, SchemaJson.Default.TaskColumn)!);
        if (schema["position"] is JsonObject position) schema["position"] = Merged(JsonSerializer.SerializeToNode(new PositionColumns { Column = "" }, SchemaJson.Default.PositionColumns)!, position);
        return schema;

        void Fill(string list, JsonNode defaults)
        {
            if (schema[list] is not JsonArray given) return;
            schema[list] = new JsonArray([.. given.Select(one => one is JsonObject entry ? Merged(defaults.DeepClone(), entry) : one?.DeepClone())]);
        }

        static JsonNode Merged(JsonNode defaults, JsonObject given)
        {
            // What has no default, such as a name, is missed by the reader itself.
            if (!given.ContainsKey("name")) defaults.AsObject().Remove("name");
            foreach ((string key, JsonNode? value) in given) defaults[key] = value?.DeepClone();
            return defaults;
        }
    }

    private void Check(string source)
    {
        if (Format != CurrentFormat) throw new SwitchyardException($"{source}: format {Format}, where {CurrentFormat} was expected", "use the version of the program that wrote it");
        foreach (Feature feature in Features) feature.Check(source);
        string? wrong =
            Features.Count == 0 ? "there is no feature"
            : Tasks.Count == 0 ? "there is no task"
            : Twice(Features.Select(static feature => feature.Name)) is { } name ? $"the feature '{name}' stands there twice"
            : Twice(Tasks.Select(static task => task.Name)) is { } other ? $"the task '{other}' stands there twice"
            : Tasks.FirstOrDefault(task => task.When is not null && Tasks.All(one => one.Name != task.When || one.Kind != TaskKind.Binary)) is { } lone ? $"the task '{lone.Name}' depends on '{lone.When}', which is no task of yes and no"
            : Tasks.FirstOrDefault(static task => !(task.Weight >= 0 && double.IsFinite(task.Weight))) is { } negative ? $"the task '{negative.Name}' has weight {negative.Weight}"
            : TimeWithin is not null && Time is null ? $"times are told apart within '{TimeWithin}', and no column of times is named"
            : Position is { Positions: < 1 } ? $"{Position.Positions} positions"
            : null;
        if (wrong is not null) throw new SwitchyardException($"{source}: {wrong}", "mend the schema");

        static string? Twice(IEnumerable<string> names) => names.GroupBy(static name => name).FirstOrDefault(static group => group.Count() > 1)?.Key;
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    IgnoreReadOnlyProperties = true,
    WriteIndented = true)]
[JsonSerializable(typeof(FeatureSchema))]
internal sealed partial class SchemaJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Unicode;

namespace Switchyard.Modules.Safetensors;

/// <summary>
/// The tensors of a model in one safetensors file, or in several beside a <c>model.safetensors.index.json</c>
/// whose <c>weight_map</c> says which file holds which tensor. All files are opened and checked at once.
/// </summary>
public sealed class SafetensorsCheckpoint : IDisposable
{
    private const string FileName = "model.safetensors";
    private const string IndexSuffix = ".index.json";
    private readonly string source;
    private readonly List<SafetensorsFile> files = [];
    private readonly List<string> names = [];
    private readonly Dictionary<string, SafetensorsFile> fileOf = new(StringComparer.Ordinal);

    private SafetensorsCheckpoint(string source) => this.source = source;

    /// <summary>The files, in the order in which the index names them first.</summary>
    public IReadOnlyList<SafetensorsFile> Files => files;

    /// <summary>The names of all tensors, in the order of the index, or of the header where there is one file.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>The file that holds a tensor.</summary>
    /// <exception cref="SwitchyardException">The checkpoint has no such tensor.</exception>
    public SafetensorsFile this[string name] => Find(name) ?? throw new SwitchyardException(
        $"{source}: no tensor {SafetensorsHeader.Quote(name)} among its {names.Count}",
        "the checkpoint belongs to another model, or the name is misspelt: 'inspect' lists what it holds");

    /// <summary>The file that holds a tensor, or null.</summary>
    public SafetensorsFile? Find(string name) => fileOf.GetValueOrDefault(name);

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="path">A safetensors file, an index (<c>*.index.json</c>), or a folder that holds
    /// <c>model.safetensors</c> or <c>model.safetensors.index.json</c>.</param>
    /// <exception cref="SwitchyardException">Something is absent, unreadable or invalid; an index names a file
    /// outside its own folder, or a file that does not hold what the index says.</exception>
    public static SafetensorsCheckpoint Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string file = Directory.Exists(path) ? InFolder(path) : path;
        SafetensorsCheckpoint checkpoint = new(file);
        try
        {
            if (file.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) checkpoint.AddIndexed();
            else checkpoint.AddWhole();
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Closes all files.</summary>
    public void Dispose()
    {
        foreach (SafetensorsFile file in files) file.Dispose();
    }

    private static string InFolder(string folder)
    {
        string whole = Path.Combine(folder, FileName);
        if (File.Exists(whole)) return whole;
        string index = whole + IndexSuffix;
        return File.Exists(index) ? index : throw new SwitchyardException(
            $"{folder}: holds neither {FileName} nor {FileName}{IndexSuffix}", "name a folder with a model in the safetensors format");
    }

    private void AddWhole()
    {
        SafetensorsFile file = SafetensorsFile.Open(source);
        files.Add(file);
        foreach (SafetensorsEntry entry in file.Header.Entries) Add(entry.Name, file);
    }

    private void AddIndexed()
    {
        Dictionary<string, SafetensorsFile> opened = new(StringComparer.Ordinal);
        foreach (var (name, shard) in ReadWeightMap())
        {
            if (!opened.TryGetValue(shard, out SafetensorsFile? file))
            {
                opened[shard] = file = OpenShard(shard);
                files.Add(file);
            }
            if (file.Header.Find(name) is null)
                throw Refuse($"tensor {SafetensorsHeader.Quote(name)} is not in {SafetensorsHeader.Quote(shard)}, where the index says it is");
            Add(name, file);
        }
    }

    private void Add(string name, SafetensorsFile file)
    {
        if (!fileOf.TryAdd(name, file)) throw Refuse($"weight_map names {SafetensorsHeader.Quote(name)} twice");
        names.Add(name);
    }

    // A shard is a file beside its index, never a path: an index must not reach out of its folder.
    private SafetensorsFile OpenShard(string shard)
    {
        if (shard is "" or "." or ".." || shard.AsSpan().ContainsAny("/\\:\0"))
            throw Refuse($"weight_map names the file {SafetensorsHeader.Quote(shard)}; a plain name without folders was expected");
        string path = Path.Combine(Path.GetDirectoryName(source) ?? "", shard);
        if (!File.Exists(path)) throw Refuse($"the file {SafetensorsHeader.Quote(shard)} that weight_map names is not beside the index");
        return SafetensorsFile.Open(path);
    }

    private List<(string Name, string Shard)> ReadWeightMap()
    {
        byte[] content = ReadIndex();
        if (!Utf8.IsValid(content)) throw Refuse("the index is not UTF-8");
        Utf8JsonReader json = new(content);
        try
        {
            List<(string, string)>? map = null;
            json.Read();
            if (json.TokenType != JsonTokenType.StartObject) throw Refuse("the index must be a JSON object");
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                string member = json.GetString()!;
                json.Read();
                if (member != "weight_map") json.Skip();
                else if (map is null) map = ReadNames(ref json);
                else throw Refuse("the index has two members weight_map");
            }
            json.Read(); // throws where anything but white space follows
            return map ?? throw Refuse("the index has no member weight_map");
        }
        // The second is what a string with half a surrogate pair throws.
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw Refuse($"the index is not valid JSON at byte {json.BytesConsumed}", failure);
        }
    }

    private List<(string Name, string Shard)> ReadNames(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartObject) throw Refuse("weight_map must be an object from tensor name to file name");
        List<(string, string)> map = [];
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            string name = json.GetString()!;
            json.Read();
            if (json.TokenType != JsonTokenType.String) throw Refuse($"weight_map must give a file name, as a string, for {SafetensorsHeader.Quote(name)}");
            map.Add((name, json.GetString()!));
        }
        return map;
    }

    private byte[] ReadIndex()
    {
        try
        {
            return File.ReadAllBytes(source);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot read '{source}': {failure.Message}", "name an index that exists and that you may read", failure);
        }
    }

    private SwitchyardException Refuse(string problem, Exception? inner = null) =>
        new($"{source}: {problem}", "the index does not fit its files: copy, download or export the model again", inner);
}

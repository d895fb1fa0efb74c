using System.Text.Json;

namespace Switchyard.Ranking.Data;

/// <summary>An object per line. Lists of names become the names of a bag, joined by a bar.</summary>
internal sealed class JsonLineReader(string path, Stream content) : RowReader(path)
{
    private readonly StreamReader _reader = new(content);
    private readonly List<string> _columns = [];
    private Dictionary<string, string> _row = [];
    private long _line;

    public override long Line => _line;

    /// <summary>Any name: what a row does not have is missing in it.</summary>
    public override int IndexOf(string column)
    {
        int index = _columns.IndexOf(column);
        if (index >= 0) return index;
        _columns.Add(column);
        return _columns.Count - 1;
    }

    public override string Cell(int column) => _row.GetValueOrDefault(_columns[column], "");

    public override void Dispose() => _reader.Dispose();

    protected override bool ReadRow()
    {
        string? text;
        do
        {
            text = _reader.ReadLine();
            if (text is null) return false;
            _line++;
        }
        while (string.IsNullOrWhiteSpace(text));
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            _row = Cells(document.RootElement);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new SwitchyardException($"{Path}, line {_line}: not a JSON object", "give one object per line, such as {\"age\": 38, \"genres\": [\"a\", \"b\"]}", failure);
        }
        return true;
    }

    /// <summary>The values of an object as texts.</summary>
    /// <exception cref="InvalidOperationException">It is no object.</exception>
    internal static Dictionary<string, string> Cells(JsonElement row) => row.EnumerateObject().ToDictionary(static property => property.Name, static property => Text(property.Value));

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "",
        JsonValueKind.String => value.GetString()!.Trim(),
        JsonValueKind.Array => string.Join('|', value.EnumerateArray().Select(Text)),
        _ => value.GetRawText(),
    };
}

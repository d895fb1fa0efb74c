using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Switchyard.Training.Reports;

/// <summary>
/// The metrics of a run as JSON lines: one <see cref="StepMetrics"/> per line, names in snake case, in order of step.
/// Numbers that JSON does not know are written as the strings <c>"NaN"</c>, <c>"Infinity"</c> and <c>"-Infinity"</c>.
/// A record reaches the operating system before <see cref="Append"/> returns, so a killed process loses at most the
/// line being written; such a torn last line is passed over on reading and removed on resuming.
/// </summary>
public sealed class MetricsFile : IDisposable
{
    /// <summary>The file's name in a run's folder.</summary>
    public const string Name = "metrics.jsonl";

    private readonly FileStream _stream;
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly Utf8JsonWriter _json;

    private MetricsFile(FileStream stream)
    {
        _stream = stream;
        _json = new Utf8JsonWriter(_line);
    }

    /// <summary>Starts an empty file, replacing one that is there.</summary>
    public static MetricsFile Create(string path) => new(Open(path, FileMode.Create));

    /// <summary>
    /// Goes on with a file from a checkpoint: keeps the records up to and including <paramref name="step"/>, removes
    /// what came after, and appends from there. A file that is missing is started.
    /// </summary>
    /// <exception cref="SwitchyardException">A line other than a torn last one is not a record.</exception>
    public static MetricsFile Resume(string path, long step)
    {
        FileStream stream = Open(path, FileMode.OpenOrCreate);
        try
        {
            long end = 0;
            foreach ((StepMetrics record, long lineEnd) in Parse(ReadAll(stream), path))
            {
                if (record.Step > step) break;
                end = lineEnd;
            }

            stream.SetLength(end);
            stream.Position = end;
            return new(stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The records of a file, in order.</summary>
    /// <exception cref="SwitchyardException">A line other than a torn last one is not a record.</exception>
    public static IReadOnlyList<StepMetrics> Read(string path) =>
        [.. Parse(File.ReadAllBytes(path), path).Select(line => line.Record)];

    /// <summary>Adds a record.</summary>
    /// <exception cref="SwitchyardException">The disk is full.</exception>
    public void Append(StepMetrics record)
    {
        _line.ResetWrittenCount();
        _json.Reset();
        JsonSerializer.Serialize(_json, record, MetricsJson.Default.StepMetrics);
        _json.Flush();
        _line.Write("\n"u8);
        try
        {
            _stream.Write(_line.WrittenSpan);
        }
        catch (IOException failure)
        {
            throw new SwitchyardException($"cannot write '{_stream.Name}': {failure.Message.ReplaceLineEndings(" ")}", "free some space and resume the run: its last checkpoint is good", failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _json.Dispose();
        _stream.Dispose();
    }

    // Without a buffer, so that a line is one write. A reader may look on while the run goes on.
    private static FileStream Open(string path, FileMode mode) =>
        new(path, mode, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);

    private static byte[] ReadAll(FileStream stream)
    {
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    // A line counts only with its line feed: without it the write was cut short.
    private static IEnumerable<(StepMetrics Record, long End)> Parse(byte[] bytes, string path)
    {
        int start = 0;
        for (int line = 1; ; line++)
        {
            int length = bytes.AsSpan(start).IndexOf((byte)'\n');
            if (length < 0) yield break;
            yield return (ParseLine(bytes.AsSpan(start, length), path, line), start + length + 1);
            start += length + 1;
        }
    }

    private static StepMetrics ParseLine(ReadOnlySpan<byte> json, string path, int line)
    {
        const string Hint = "restore the file, or delete it: a resumed run then starts it anew";
        try
        {
            StepMetrics? record = JsonSerializer.Deserialize(json, MetricsJson.Default.StepMetrics);
            return record?.Layers?.All(layer => layer?.Load is not null) is true
                ? record
                : throw new SwitchyardException($"{path}, line {line}: null where a metrics record, a layer or its load was expected", Hint);
        }
        catch (JsonException failure)
        {
            throw new SwitchyardException($"{path}, line {line}, byte {failure.BytePositionInLine}: not a metrics record", Hint, failure);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StepMetrics))]
internal sealed partial class MetricsJson : JsonSerializerContext;

using System.IO.Compression;
using Switchyard.Ranking.Features;

namespace Switchyard.Ranking.Data;

/// <summary>Rows of a file one after the other, however many there are: CSV or TSV, or JSON lines; also gzipped.</summary>
internal abstract class RowReader(string path) : IDisposable
{
    private FileStream? _file;

    private const byte GzipFirst = 0x1F;
    private const byte GzipSecond = 0x8B;

    /// <summary>The file.</summary>
    public string Path => path;

    /// <summary>The length of the file.</summary>
    public long Bytes { get; private set; }

    /// <summary>How much of it has been fetched.</summary>
    public long BytesRead => _file?.Position ?? 0;

    /// <summary>The line of the row that was read last, from 1.</summary>
    public abstract long Line { get; }

    /// <summary>Opens a file by its name: <c>.jsonl</c> and <c>.json</c> hold an object per line, all else cells between separators.</summary>
    /// <exception cref="SwitchyardException">It cannot be read.</exception>
    public static RowReader Open(string path, FeatureSchema schema)
    {
        try
        {
            FileStream file = File.OpenRead(path);
            long bytes = file.Length;
            bool isGzip = file.ReadByte() == GzipFirst && file.ReadByte() == GzipSecond;
            file.Position = 0;
            Stream content = isGzip ? new GZipStream(file, CompressionMode.Decompress) : new BufferedStream(file, 1 << 16);
            string name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
            bool isJson = name.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".json", StringComparison.OrdinalIgnoreCase);
            RowReader reader = isJson ? new JsonLineReader(path, content) : new CsvRowReader(path, content, schema.Columns, name.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase));
            (reader._file, reader.Bytes) = (file, bytes);
            return reader;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot read '{path}': {failure.Message.ReplaceLineEndings(" ")}", "name a file that you may read", failure);
        }
    }

    /// <summary>Goes on to the next row; false at the end.</summary>
    /// <exception cref="SwitchyardException">The row, or what holds it, is damaged.</exception>
    public bool Read()
    {
        try
        {
            return ReadRow();
        }
        catch (InvalidDataException failure)
        {
            throw new SwitchyardException($"{path}, after line {Line}: the gzip stream is damaged", "fetch the file again; zcat shows how far it is good", failure);
        }
        catch (IOException failure)
        {
            throw new SwitchyardException($"{path}, after line {Line}: {failure.Message.ReplaceLineEndings(" ")}", "check the disk, or copy the file", failure);
        }
    }

    /// <summary>The place of a column.</summary>
    /// <exception cref="SwitchyardException">There is none of that name.</exception>
    public abstract int IndexOf(string column);

    /// <summary>The text of a cell of the row, without blanks around it; empty where there is none.</summary>
    public abstract string Cell(int column);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>What is wrong with a cell.</summary>
    public SwitchyardException Wrong(string column, string cell, string expected)
        => new($"{path}, line {Line}, column {column}: '{cell.ReplaceLineEndings(" ")}' where {expected} was expected", "mend the cell, or leave the row out");

    /// <inheritdoc cref="Read"/>
    protected abstract bool ReadRow();
}

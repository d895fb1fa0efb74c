using CsvHelper;

namespace Switchyard.Ranking.Data;

/// <summary>Rows of cells between separators (RFC 4180): commas, semicolons, tabs or bars, whichever the first lines use.</summary>
internal sealed class CsvRowReader : RowReader
{
    private readonly CsvReader _reader;
    private readonly string[] _columns;

    public CsvRowReader(string path, Stream content, IReadOnlyList<string>? columns, bool isTabbed)
        : base(path)
    {
        CsvReaderOptions options = new()
        {
            HasHeader = columns is null,
            TrackLineNumbers = true,
            TrimWhitespace = true,
            PoolStrings = true,
            MalformedData = CsvMalformedDataHandling.Throw,
            FieldCountMismatch = CsvFieldCountHandling.Throw,
            MaxRecordSize = 1 << 20,
        };
        _reader = CsvReader.Create(content, isTabbed ? options with { Separator = '\t' } : options, false);
        try
        {
            _columns = columns is null ? [.. _reader.Headers] : [.. columns];
        }
        catch (CsvFormatException failure)
        {
            throw Damaged(failure);
        }
        catch (InvalidDataException failure)
        {
            throw new SwitchyardException($"{path}: the gzip stream is damaged", "fetch the file again", failure);
        }
        if (_columns.Length == 0) throw new SwitchyardException($"{path}: the file is empty", "begin it with a line of column names");
    }

    public override long Line => _reader.LineNumber;

    public override int IndexOf(string column)
    {
        int index = Array.IndexOf(_columns, column);
        return index >= 0 ? index : throw new SwitchyardException($"{Path}: there is no column '{column}'", $"the columns are {string.Join(", ", _columns.Take(50))}: mend the schema");
    }

    public override string Cell(int column) => _reader.GetString(column);

    public override void Dispose() => _reader.Dispose();

    protected override bool ReadRow()
    {
        try
        {
            if (!_reader.Read()) return false;
            return _reader.FieldCount == _columns.Length
                ? true
                : throw new SwitchyardException($"{Path}, line {Line}: {_reader.FieldCount} cells, where {_columns.Length} were expected", "give every row as many cells as there are columns");
        }
        catch (CsvFormatException failure)
        {
            throw Damaged(failure);
        }
    }

    private SwitchyardException Damaged(CsvFormatException failure)
        => new($"{Path}, line {failure.LineNumber}: {failure.Message.ReplaceLineEndings(" ")}", "give every row as many cells as the header; put cells with quotes in quotes, and write every quote inside twice", failure);
}

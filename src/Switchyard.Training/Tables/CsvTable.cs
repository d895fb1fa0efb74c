using System.Globalization;
using CsvHelper;

namespace Switchyard.Training.Tables;

/// <summary>
/// A table read from a CSV file (RFC 4180): a first line of column names, then rows of as many cells. Cells stay texts
/// until they are asked for as numbers or labels, and what is wrong is named by file, line and column.
/// </summary>
public sealed class CsvTable
{
    private static readonly CsvReaderOptions Strict = new()
    {
        TrackLineNumbers = true,
        TrimWhitespace = true,
        MalformedData = CsvMalformedDataHandling.Throw,
        FieldCountMismatch = CsvFieldCountHandling.Throw,
        MaxRecordSize = 1 << 20,
    };

    private readonly List<(int Line, string[] Cells)> _rows;

    private CsvTable(string path, string[] columns, List<(int Line, string[] Cells)> rows) => (Path, Columns, _rows) = (path, columns, rows);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The names of the columns, in order.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>How many rows there are below the header; at least 1.</summary>
    public int Rows => _rows.Count;

    /// <summary>Reads a whole file; cells are separated by commas, semicolons, tabs or bars, whichever the first lines use.</summary>
    /// <exception cref="SwitchyardException">It cannot be read, has no header or no rows, a row of another length, a
    /// stray quote or one that does not close, or two columns of one name.</exception>
    public static CsvTable Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using CsvReader reader = CsvReader.FromFile(path, Strict);
            string[] columns = [.. reader.Headers];
            if (columns.Length == 0) throw new SwitchyardException($"{path}: the file is empty", "begin it with a line of column names");
            if (columns.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
                throw new SwitchyardException($"{path}, line 1: the column '{twice.Key}' stands there twice", "give every column a name of its own");
            List<(int Line, string[] Cells)> rows = [];
            while (reader.Read()) rows.Add(((int)reader.LineNumber, [.. Enumerable.Range(0, columns.Length).Select(reader.GetString)]));
            return rows.Count > 0 ? new(path, columns, rows) : throw new SwitchyardException($"{path}: there are no rows below the header", "give at least one row");
        }
        catch (CsvFormatException failure)
        {
            throw new SwitchyardException($"{path}, line {failure.LineNumber}: {failure.Message.ReplaceLineEndings(" ")}", "give every row as many cells as the header; put cells with quotes in quotes, and write every quote inside twice", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot read '{path}': {failure.Message.ReplaceLineEndings(" ")}", "name a CSV file that you may read", failure);
        }
    }

    /// <summary>Whether there is a column of that name.</summary>
    public bool Has(string column) => Columns.Contains(column);

    /// <summary>Whether every cell of a column is a finite number.</summary>
    public bool IsNumeric(string column)
    {
        int index = IndexOf(column);
        return _rows.TrueForAll(row => Number(row.Cells[index]) is not null);
    }

    /// <summary>A column as numbers.</summary>
    /// <exception cref="SwitchyardException">There is no such column, or a cell is empty, no number, or not finite.</exception>
    public double[] Numbers(string column)
    {
        int index = IndexOf(column);
        return [.. _rows.Select(row => Number(row.Cells[index]) ?? throw Wrong(row.Line, column, row.Cells[index], "a finite number"))];
    }

    /// <summary>A column of positive numbers, as their natural logarithms.</summary>
    /// <exception cref="SwitchyardException">As in <see cref="Numbers"/>, or a number is not positive.</exception>
    public double[] Logarithms(string column)
    {
        int index = IndexOf(column);
        return [.. Numbers(column).Zip(_rows, (number, row) => number > 0 ? Math.Log(number) : throw Wrong(row.Line, column, row.Cells[index], "a positive number, for its logarithm"))];
    }

    /// <summary>A column as labels, without the blanks around them.</summary>
    /// <exception cref="SwitchyardException">There is no such column, or a cell is empty.</exception>
    public string[] Labels(string column)
    {
        int index = IndexOf(column);
        return [.. _rows.Select(row => row.Cells[index].Trim() is { Length: > 0 } label ? label : throw Wrong(row.Line, column, "", "a label"))];
    }

    private int IndexOf(string column)
    {
        int index = Columns.ToList().IndexOf(column);
        return index >= 0 ? index : throw new SwitchyardException($"{Path}: there is no column '{column}'", $"the columns are {string.Join(", ", Columns)}");
    }

    private static double? Number(string cell) =>
        double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : null;

    private SwitchyardException Wrong(int line, string column, string cell, string expected) =>
        new($"{Path}, line {line}, column {column}: '{cell.ReplaceLineEndings(" ")}' where {expected} was expected", "mend the cell, or leave out the row or the column");
}

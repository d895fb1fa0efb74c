using System.Text;
using Switchyard.Training.Tables;

namespace Switchyard.Tests.Training.Tables;

public sealed class CsvTableTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Cells_are_numbers_or_labels_as_asked()
    {
        CsvTable table = Table("name, x ,y\r\n\"a, \"\"b\"\"\",1.5,-2e3\r\n\r\n c ,0,1\r\n");
        Assert.Equal(["name", "x", "y"], table.Columns);
        Assert.Equal(2, table.Rows);
        Assert.Equal(["a, \"b\"", "c"], table.Labels("name"));
        Assert.Equal([1.5, 0], table.Numbers("x"));
        Assert.Equal([-2000, 1], table.Numbers("y"));
        Assert.True(table.IsNumeric("x") && !table.IsNumeric("name") && table.Has("y") && !table.Has("z"));
    }

    [Theory]
    [InlineData("x;y\n1;2\n")]
    [InlineData("x\ty\n1\t2\n")]
    [InlineData("\ufeffx,y\n1,2")]
    public void Other_separators_and_a_byte_order_mark_are_understood(string text) => Assert.Equal([2], Table(text).Numbers("y"));

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("x,y\n", "no rows below the header")]
    [InlineData("x,x\n1,2\n", "line 1: the column 'x' stands there twice")]
    [InlineData("x,y\n1,2\n3\n", "line 3")]
    [InlineData("x,y\n1,2,3\n", "line 2")]
    [InlineData("x,y\n1,\"2\n3,4\n", "line 2")]
    [InlineData("x,y\n1,2\"3\n", "line 2")]
    public void A_damaged_file_is_refused_by_name_and_line(string text, string problem)
    {
        SwitchyardException refusal = Assert.Throws<SwitchyardException>(() => Table(text));
        Assert.Contains("table.csv", refusal.Message);
        Assert.Contains(problem, refusal.Message);
        Assert.NotNull(refusal.Hint);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("1e999")]
    [InlineData("one")]
    [InlineData("1,5")]
    public void What_is_no_number_is_named_by_line_and_column(string cell)
    {
        CsvTable table = Table($"x,y\n1,2\n3,\"{cell}\"\n");
        Assert.Equal($"{table.Path}, line 3, column y: '{cell}' where a finite number was expected", Assert.Throws<SwitchyardException>(() => table.Numbers("y")).Message);
        Assert.False(table.IsNumeric("y"));
    }

    [Fact]
    public void Other_wrong_cells_are_named_too()
    {
        CsvTable table = Table("x,y\n0,a\n1, \n");
        Assert.Contains("line 2, column x: '0' where a positive number", Assert.Throws<SwitchyardException>(() => table.Logarithms("x")).Message);
        Assert.Contains("line 3, column y: '' where a label", Assert.Throws<SwitchyardException>(() => table.Labels("y")).Message);
        SwitchyardException missing = Assert.Throws<SwitchyardException>(() => table.Numbers("z"));
        Assert.Contains("no column 'z'", missing.Message);
        Assert.Contains("x, y", missing.Hint);
    }

    [Fact]
    public void Random_bytes_are_read_or_refused_and_nothing_else()
    {
        Random random = new(7);
        for (int i = 0; i < 500; i++)
        {
            byte[] bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            // Half of the files out of the characters that mean something.
            if (i % 2 == 0) for (int j = 0; j < bytes.Length; j++) bytes[j] = (byte)"a,\"\n\r1;\t "[bytes[j] % 9];
            string path = _folder.Write("random.csv", bytes);
            try
            {
                CsvTable table = CsvTable.Read(path);
                foreach (string column in table.Columns) table.IsNumeric(column);
            }
            catch (SwitchyardException)
            {
                // Refused in good order.
            }
        }
    }

    [Fact]
    public void A_file_that_is_not_there_is_named() => Assert.Contains("absent.csv", Assert.Throws<SwitchyardException>(() => CsvTable.Read(Path.Combine(_folder.Path, "absent.csv"))).Message);

    private CsvTable Table(string text) => CsvTable.Read(_folder.Write("table.csv", Encoding.UTF8.GetBytes(text)));
}

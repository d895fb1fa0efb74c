using System.Xml.Linq;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

public class HeatMapTests
{
    private static HeatMap Map(double[,] values, (double, double)? scale = null) => new()
    {
        Title = "Layer 0",
        RowLabel = "expert",
        ColumnLabel = "step",
        ValueLabel = "share",
        Rows = [.. Enumerable.Range(0, values.GetLength(0)).Select(i => $"{i}")],
        Columns = [.. Enumerable.Range(0, values.GetLength(1)).Select(i => $"{i * 10}")],
        Values = values,
        Scale = scale,
    };

    private static XElement[] Cells(HeatMap map) => [.. Rendered.Xml(map).Descendants("rect").Where(rect => rect.Element("title") is not null)];

    [Fact]
    public void Every_finite_value_is_a_cell_that_tells_it()
    {
        XElement[] cells = Cells(Map(new[,] { { 0.25, double.NaN }, { 0.75, 0.5 } }));
        Assert.Equal(
            ["expert 0, step 0: 0.250", "expert 1, step 0: 0.750", "expert 1, step 10: 0.500"],
            cells.Select(cell => cell.Value));
        Assert.Equal(
            [HeatColours.At(0), HeatColours.At(1), HeatColours.At(0.5)],
            cells.Select(cell => (string)cell.Attribute("fill")!));
    }

    [Fact]
    public void Values_beyond_the_scale_take_its_ends_and_the_legend_says_so()
    {
        HeatMap map = Map(new[,] { { -1.0, 5.0 } }, (0, 2));
        Assert.Equal([HeatColours.At(0), HeatColours.At(1)], Cells(map).Select(cell => (string)cell.Attribute("fill")!));
        Assert.Contains("≤ 0", Rendered.Xml(map).Value);
        Assert.Contains("≥ 2", Rendered.Xml(map).Value);
    }

    [Fact]
    public void Wide_tables_are_averaged()
    {
        double[,] values = new double[2, 5000];
        for (int column = 0; column < 5000; column++) (values[0, column], values[1, column]) = (1, column % 2 == 0 ? 0 : double.NaN);
        XElement[] cells = Cells(Map(values, (0, 1)));
        Assert.InRange(cells.Length, 48, 200);
        Assert.All(cells[..(cells.Length / 2)], cell => Assert.EndsWith(": 1", cell.Value));
        Assert.All(cells[(cells.Length / 2)..], cell => Assert.EndsWith(": 0", cell.Value));
        Assert.StartsWith("expert 0, step 0 to ", cells[0].Value);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(3, 0)]
    [InlineData(1, 1)]
    [InlineData(128, 1000)]
    public void Any_size_renders(int rows, int columns)
    {
        string text = Rendered.Text(Map(new double[rows, columns]));
        Assert.InRange(XElement.Parse(text).Descendants("rect").Count(), 1, 4000);
        Assert.DoesNotContain("NaN", text);
    }

    [Fact]
    public void A_constant_without_a_scale_renders() =>
        Assert.All(Cells(Map(new[,] { { 3.0, 3.0 } })), cell => Assert.Equal(HeatColours.At(0.5), (string)cell.Attribute("fill")!));

    [Fact]
    public void Names_must_match_the_values()
    {
        HeatMap map = new() { Title = "t", RowLabel = "r", ColumnLabel = "c", ValueLabel = "v", Rows = ["a"], Columns = ["b"], Values = new double[2, 1] };
        Assert.Contains("[2, 1]", Assert.Throws<ArgumentException>(() => Rendered.Text(map)).Message);
    }

    [Fact]
    public void Lightness_rises_evenly_along_the_scale()
    {
        // CIE lightness from luminance, not the space in which the scale was made.
        double[] lightness = [.. Enumerable.Range(0, HeatColours.Count).Select(i => CieLightness(HeatColours.At(i / (HeatColours.Count - 1.0))))];
        double[] steps = [.. lightness.Zip(lightness.Skip(1), (a, b) => b - a)];
        Assert.All(steps, step => Assert.InRange(step, steps.Average() * 0.4, steps.Average() * 1.8));
    }

    private static double CieLightness(string hex) => 116 * Math.Cbrt(CategoryPaletteTests.Luminance(hex)) - 16;
}

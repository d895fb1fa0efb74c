using System.Xml.Linq;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

public class TableTests
{
    [Fact]
    public void Cells_are_text_in_their_places()
    {
        XElement table = Rendered.Xml(new Table { Header = ["name", "a", "b"], Rows = [["x", "1", Rendered.HostileText], ["y", "2", "<td>"]] });
        Assert.Equal(["name", "a", "b"], table.Element("thead")!.Descendants("th").Select(cell => cell.Value));
        Assert.Equal(
            [["x", "1", Rendered.HostileSeen], ["y", "2", "<td>"]],
            table.Element("tbody")!.Elements("tr").Select(row => row.Elements().Select(cell => cell.Value).ToArray()));
    }

    [Fact]
    public void A_table_without_rows_renders() => Assert.Empty(Rendered.Xml(new Table { Rows = [] }).Descendants("tr"));
}

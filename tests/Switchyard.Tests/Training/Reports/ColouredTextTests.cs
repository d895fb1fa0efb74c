using System.Xml.Linq;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

public class ColouredTextTests
{
    private static ColouredText Text(params TextPiece[] pieces) => new()
    {
        Title = "Layer 0",
        CategoryLabel = "expert",
        Categories = [.. Enumerable.Range(0, 100).Select(i => $"{i}")],
        Pieces = pieces,
    };

    private static XElement Body(ColouredText text) => Rendered.Xml(text).OfClass("coloured").Single();

    [Fact]
    public void The_text_comes_back_verbatim_with_its_white_space()
    {
        TextPiece[] pieces = [new("  a\n\n", 0), new("\tb ", 1), new("", 2), new(" \n", 3)];
        XElement body = Body(Text(pieces));
        Assert.Equal("  a\n\n\tb  \n", body.Value);
        Assert.Equal(3, body.OfClass("newline").Count());
        Assert.Single(body.OfClass("tab"));
    }

    [Fact]
    public void Pieces_have_the_colour_and_the_name_of_their_category()
    {
        XElement[] spans = [.. Body(Text(new("a", 3), new("b", 70))).Elements("span")];
        Assert.Equal(["k3", "k6"], spans.Select(span => (string)span.Attribute("class")!));
        Assert.Equal(["expert 3", "expert 70"], spans.Select(span => (string)span.Attribute("title")!));
    }

    [Fact]
    public void Hostile_pieces_are_text()
    {
        XElement body = Body(Text(new TextPiece(Rendered.HostileText, 1)));
        Assert.Equal(Rendered.HostileSeen, body.Value);
        Assert.Empty(body.Descendants("script"));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(100)]
    public void A_category_without_a_name_is_refused(int category) =>
        Assert.Contains($"category {category}", Assert.Throws<ArgumentException>(() => Rendered.Text(Text(new TextPiece("a", category)))).Message);
}

using System.Globalization;
using System.Text.RegularExpressions;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

public partial class CategoryPaletteTests
{
    [Theory]
    [InlineData(1, 0, 0, "#ffffff")]
    [InlineData(0, 0, 0, "#000000")]
    [InlineData(0.62796, 0.25768, 29.234, "#ff0000")]
    [InlineData(0.45201, 0.31321, 264.052, "#0000ff")]
    [InlineData(0.5999, 0, 0, "#808080")]
    public void Colours_agree_with_the_published_transform(double lightness, double chroma, double hue, string expected)
    {
        string actual = new Oklch(lightness, chroma, hue).ToHex();
        for (int i = 1; i < 7; i += 2)
        {
            int difference = Convert.ToInt32(expected[i..(i + 2)], 16) - Convert.ToInt32(actual[i..(i + 2)], 16);
            Assert.InRange(difference, -3, 3);
        }
    }

    [Fact]
    public void Impossible_colours_become_paler_not_wrong() => Assert.Matches("^#[0-9a-f]{6}$", new Oklch(0.9, 0.4, 250).ToHex());

    [Fact]
    public void Every_category_has_its_own_colours_in_both_modes()
    {
        Match[] rules = [.. Rule().Matches(CategoryPalette.Css).Cast<Match>()];
        Assert.Equal(2 * CategoryPalette.Count, rules.Length);
        foreach (Match[] mode in rules.Chunk(CategoryPalette.Count))
        {
            Assert.Equal(CategoryPalette.Count, mode.Select(rule => rule.Groups["tint"].Value).Distinct().Count());
            Assert.Equal(CategoryPalette.Count, mode.Select(rule => rule.Groups["line"].Value).Distinct().Count());
        }
    }

    [Fact]
    public void Text_is_legible_on_every_tint()
    {
        Match[][] modes = [.. Rule().Matches(CategoryPalette.Css).Cast<Match>().Chunk(CategoryPalette.Count)];
        Assert.All(modes[0], rule => Assert.True(Contrast("#23262b", rule.Groups["tint"].Value) >= 4.5, rule.Value));
        Assert.All(modes[1], rule => Assert.True(Contrast("#e2dfd8", rule.Groups["tint"].Value) >= 4.5, rule.Value));
    }

    // Relative luminance and contrast as the Web Content Accessibility Guidelines define them.
    internal static double Luminance(string hex)
    {
        double Linear(int at)
        {
            double value = int.Parse(hex.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
            return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
        }

        return 0.2126 * Linear(1) + 0.7152 * Linear(3) + 0.0722 * Linear(5);
    }

    private static double Contrast(string one, string other)
    {
        double a = Luminance(one), b = Luminance(other);
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    [GeneratedRegex(@"\.k\d+\{--line:(?<line>#[0-9a-f]{6});--tint:(?<tint>#[0-9a-f]{6})\}")]
    private static partial Regex Rule();
}

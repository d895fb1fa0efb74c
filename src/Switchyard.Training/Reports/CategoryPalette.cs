using System.Text;

namespace Switchyard.Training.Reports;

/// <summary>
/// The colours of categories: experts, series, languages. A category's colour depends on its index only, so
/// expert 3 looks the same in every figure. Each category has a strong colour for lines (<c>--line</c>) and a
/// quiet one behind text (<c>--tint</c>), both for light and for dark pages, set by its CSS class.
/// </summary>
internal static class CategoryPalette
{
    /// <summary>How many colours there are; further categories start again from the first.</summary>
    public const int Count = 64;

    private const int HuesPerRing = 8;

    // Neighbours in this list lie far apart on the circle, so the first few categories differ most.
    private static readonly double[] Hues = [250, 55, 152, 345, 205, 20, 108, 300];

    // Pale orange, pink and red lie close together, and so do the greens: their lightness tells them apart.
    private static readonly double[] HueLightness = [0, 0.03, 0, -0.04, 0.04, -0.09, 0.04, -0.03];

    // Every ring of eight lies between the hues of the rings before it, and differs in lightness too.
    private static readonly double[] RingHue = [0, 22, 11, 33, 5, 27, 16, 38];
    private static readonly double[] RingLightness = [0, -0.09, 0.015, -0.05, -0.12, -0.02, -0.08, -0.1];

    /// <summary>The CSS class of a category.</summary>
    public static string Class(int category) => $"k{category % Count}";

    /// <summary>The rules of all classes.</summary>
    public static string Css { get; } = MakeCss();

    private static string MakeCss()
    {
        StringBuilder css = new();
        for (int i = 0; i < Count; i++) css.Append(Rule(i, lineLightness: 0.56, lineChroma: 0.15, tintLightness: 0.875, tintChroma: 0.085));
        css.Append("@media screen and (prefers-color-scheme: dark) {\n");
        for (int i = 0; i < Count; i++) css.Append(Rule(i, lineLightness: 0.75, lineChroma: 0.13, tintLightness: 0.415, tintChroma: 0.09));
        return css.Append("}\n").ToString();
    }

    private static string Rule(int category, double lineLightness, double lineChroma, double tintLightness, double tintChroma)
    {
        int ring = category / HuesPerRing;
        double hue = Hues[category % HuesPerRing] + RingHue[ring];
        double shift = HueLightness[category % HuesPerRing] + RingLightness[ring];
        string line = new Oklch(lineLightness + shift, lineChroma, hue).ToHex();
        string tint = new Oklch(tintLightness + shift, tintChroma, hue).ToHex();
        return $".{Class(category)}{{--line:{line};--tint:{tint}}}\n";
    }
}

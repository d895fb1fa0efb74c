using System.Globalization;

namespace Switchyard.Training.Reports;

/// <summary>
/// A colour by perceived lightness, chroma and hue, so that equal steps look equal
/// (Björn Ottosson, "A perceptual color space for image processing", 2020).
/// </summary>
/// <param name="Lightness">0 (black) to 1 (white).</param>
/// <param name="Chroma">0 (grey) to about 0.3.</param>
/// <param name="Hue">Degrees.</param>
internal readonly record struct Oklch(double Lightness, double Chroma, double Hue)
{
    /// <summary>The colour as <c>#rrggbb</c>; where sRGB has no such colour, the nearest of less chroma.</summary>
    public string ToHex()
    {
        double chroma = Chroma;
        (double Red, double Green, double Blue) rgb = ToLinear(chroma);
        while (chroma > 0 && !InGamut(rgb)) rgb = ToLinear(chroma = Math.Max(0, chroma - 0.004));
        return string.Create(CultureInfo.InvariantCulture, $"#{Byte(rgb.Red):x2}{Byte(rgb.Green):x2}{Byte(rgb.Blue):x2}");
    }

    private (double Red, double Green, double Blue) ToLinear(double chroma)
    {
        (double sine, double cosine) = Math.SinCos(Hue * Math.PI / 180);
        double a = chroma * cosine, b = chroma * sine;
        double l = Cube(Lightness + 0.3963377774 * a + 0.2158037573 * b);
        double m = Cube(Lightness - 0.1055613458 * a - 0.0638541728 * b);
        double s = Cube(Lightness - 0.0894841775 * a - 1.2914855480 * b);
        return (4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
            -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
            -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
    }

    private static double Cube(double x) => x * x * x;

    // The primaries themselves miss the cube by a rounding.
    private static bool InGamut((double Red, double Green, double Blue) rgb) =>
        rgb.Red is > -0.001 and < 1.001 && rgb.Green is > -0.001 and < 1.001 && rgb.Blue is > -0.001 and < 1.001;

    // The transfer curve of sRGB (IEC 61966-2-1).
    private static int Byte(double linear)
    {
        double clamped = Math.Clamp(linear, 0, 1);
        double encoded = clamped <= 0.0031308 ? 12.92 * clamped : 1.055 * Math.Pow(clamped, 1 / 2.4) - 0.055;
        return (int)Math.Round(encoded * 255);
    }
}

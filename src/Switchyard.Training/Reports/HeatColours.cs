namespace Switchyard.Training.Reports;

/// <summary>
/// The colours of a heat map: from deep violet over blue and green to pale yellow, their lightness rising evenly, so
/// that equal differences look equal, also in grey, and both ends stand out from light and from dark pages.
/// </summary>
internal static class HeatColours
{
    /// <summary>How many steps the scale has.</summary>
    public const int Count = 64;

    private static readonly string[] Colours = [.. Enumerable.Range(0, Count).Select(i => Make(i / (Count - 1.0)))];

    /// <summary>The colour of a share of the scale; shares outside 0..1 take the colour of the nearest end, NaN the middle.</summary>
    public static string At(double share) => Colours[(int)Math.Round((double.IsNaN(share) ? 0.5 : Math.Clamp(share, 0, 1)) * (Count - 1))];

    private static string Make(double share) =>
        new Oklch(0.27 + 0.66 * share, 0.10 + 0.05 * Math.Sin(Math.PI * share), 300 - 195 * share).ToHex();
}

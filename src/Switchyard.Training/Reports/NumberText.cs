using System.Globalization;

namespace Switchyard.Training.Reports;

/// <summary>Numbers as a reader likes them, the same in every culture.</summary>
internal static class NumberText
{
    private const string Superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

    /// <summary>A whole number as it is, others with about four significant digits: <c>1,200</c>, <c>1.468</c>, <c>0.0125</c>, <c>3.2·10⁻⁷</c>.</summary>
    public static string Short(double value)
    {
        if (double.IsNaN(value)) return "NaN";
        if (double.IsInfinity(value)) return value > 0 ? "∞" : "−∞";
        double size = Math.Abs(value);
        return size switch
        {
            0 => "0",
            >= 1e15 or < 1e-4 => Scientific(value),
            >= 1000 => Fixed(value, 0),
            _ when double.IsInteger(value) => Fixed(value, 0),
            >= 100 => Fixed(value, 1),
            >= 10 => Fixed(value, 2),
            >= 0.1 => Fixed(value, 3),
            >= 0.01 => Fixed(value, 4),
            _ => Fixed(value, 5),
        };
    }

    /// <summary>As <see cref="Short"/>, but large numbers as <c>20.5 k</c>, <c>6.04 M</c>, <c>1.2 B</c>.</summary>
    public static string Compact(double value) => Math.Abs(value) switch
    {
        >= 1e12 => Short(value),
        >= 1e9 => Trim(value / 1e9) + " B",
        >= 1e6 => Trim(value / 1e6) + " M",
        >= 1e4 => Trim(value / 1e3) + " k",
        _ => Short(value),
    };

    /// <summary>A number of a logarithmic axis: <c>0.05</c>, <c>2</c>, <c>10⁻⁶</c>.</summary>
    public static string Tick(double value) => value switch
    {
        >= 1e4 => Compact(value),
        >= 1e-4 => value.ToString("0.####", CultureInfo.InvariantCulture),
        _ => Scientific(value),
    };

    /// <summary>A number of a linear axis whose neighbours are <paramref name="step"/> away: as many digits as that needs.</summary>
    public static string Tick(double value, double step)
    {
        if (Math.Abs(value) < step / 2) return "0";
        double size = Math.Abs(value);
        if (size >= 1e15 || step < 1e-5) return Scientific(value);
        if (step >= 1e5) return size >= 1e6 ? $"{Trim(value / 1e6)}M" : $"{Trim(value / 1e3)}k";
        return Fixed(value, Math.Max(0, -(int)Math.Floor(Math.Log10(step) + 1e-9)));
    }

    /// <summary>A share as a percentage.</summary>
    public static string Percent(double share) =>
        double.IsFinite(share) ? (share * 100).ToString("0.0", CultureInfo.InvariantCulture) + " %" : Short(share);

    /// <summary>A duration in its two largest units: <c>4 min 12 s</c>.</summary>
    public static string Duration(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => $"{Fixed(time.TotalSeconds, 1)} s",
        { TotalHours: < 1 } => $"{time.Minutes} min {time.Seconds} s",
        { TotalDays: < 1 } => $"{time.Hours} h {time.Minutes} min",
        _ => $"{time.Days} d {time.Hours} h",
    };

    private static string Fixed(double value, int decimals) =>
        value.ToString("N" + decimals, CultureInfo.InvariantCulture).Replace('-', '−');

    private static string Trim(double value) =>
        value.ToString(Math.Abs(value) >= 100 ? "0" : Math.Abs(value) >= 10 ? "0.#" : "0.##", CultureInfo.InvariantCulture).Replace('-', '−');

    private static string Scientific(double value)
    {
        string[] parts = value.ToString("0.##e0", CultureInfo.InvariantCulture).Split('e');
        string mantissa = parts[0] switch { "1" => "", "-1" => "−", string other => other.Replace('-', '−') + "·" };
        string exponent = string.Concat(parts[1].Select(c => c == '-' ? '⁻' : Superscripts[c - '0']));
        return $"{mantissa}10{exponent}";
    }
}

using System.Globalization;
using System.Text;

namespace Switchyard.Cli;

/// <summary>Numbers as people read them, appended without making strings.</summary>
internal static class Quantities
{
    /// <summary>Three digits, and a power of a thousand: 0.002, 7.25, 314, 21.4k, 6.02M.</summary>
    public static StringBuilder AppendRounded(this StringBuilder text, double value)
    {
        ReadOnlySpan<char> powers = " kMGT";
        int power = 0;
        // 999.5 is where three digits round up to a thousand.
        for (; Math.Abs(value) >= 999.5 && power < powers.Length - 1; power++) value /= 1000;
        double size = Math.Abs(value);
        _ = size switch
        {
            >= 99.95 => text.Append(CultureInfo.InvariantCulture, $"{value:0}"),
            >= 9.995 => text.Append(CultureInfo.InvariantCulture, $"{value:0.0}"),
            > 0 and < 0.09995 => text.Append(CultureInfo.InvariantCulture, $"{value:G3}"),
            _ => text.Append(CultureInfo.InvariantCulture, $"{value:0.00}"),
        };
        return power == 0 ? text : text.Append(powers[power]);
    }

    /// <summary>Bytes in powers of 1000: 17 B, 4.19 MB.</summary>
    public static StringBuilder AppendBytes(this StringBuilder text, long bytes)
    {
        if (bytes < 1000) return text.Append(CultureInfo.InvariantCulture, $"{bytes} B");
        text.AppendRounded(bytes);
        return text.Insert(text.Length - 1, ' ').Append('B');
    }

    /// <summary>The two largest units of a time: 45s, 3m 05s, 1h 12m, 2d 4h.</summary>
    public static StringBuilder AppendDuration(this StringBuilder text, TimeSpan time)
    {
        time = TimeSpan.FromSeconds(Math.Round(time.TotalSeconds));
        return time switch
        {
            { TotalMinutes: < 1 } => text.Append(CultureInfo.InvariantCulture, $"{time.Seconds}s"),
            { TotalHours: < 1 } => text.Append(CultureInfo.InvariantCulture, $"{time.Minutes}m {time.Seconds:00}s"),
            { TotalDays: < 1 } => text.Append(CultureInfo.InvariantCulture, $"{time.Hours}h {time.Minutes:00}m"),
            _ => text.Append(CultureInfo.InvariantCulture, $"{time.Days}d {time.Hours}h"),
        };
    }
}

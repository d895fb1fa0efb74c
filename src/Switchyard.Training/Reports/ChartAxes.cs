namespace Switchyard.Training.Reports;

/// <summary>The axes of a chart with their ticks, names and horizontal grid lines.</summary>
internal static class ChartAxes
{
    /// <summary>Writes them; what is drawn afterwards covers the grid.</summary>
    public static void Write(HtmlWriter html, ChartFrame frame, string xLabel, string yLabel)
    {
        (double left, double bottom) = (frame.Left, frame.Bottom);
        foreach (double tick in frame.YAxis.Ticks)
        {
            double y = frame.Y(tick);
            html.Write($"<path class=\"grid\" d=\"M{left} {y}h{frame.Width}\"/><text x=\"{left - 8}\" y=\"{y + 3.5}\" class=\"end\">{frame.YAxis.Label(tick)}</text>\n");
        }

        foreach (double tick in frame.XAxis.Ticks)
        {
            double x = frame.X(tick);
            html.Write($"<path class=\"axis\" d=\"M{x} {bottom}v4\"/><text x=\"{x}\" y=\"{bottom + 16}\" class=\"middle\">{frame.XAxis.Label(tick)}</text>\n");
        }

        html.Write($"<path class=\"axis\" d=\"M{left} {bottom}h{frame.Width}\"/>");
        html.Write($"<text x=\"{frame.Right}\" y=\"{bottom + 29}\" class=\"end name\">{xLabel}</text>");
        html.Write($"<text x=\"0\" y=\"9\" class=\"name\">{yLabel}</text>\n");
    }
}

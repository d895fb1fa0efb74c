namespace Switchyard.Training.Reports;

/// <summary>The rectangle between a chart's axes, in pixels, and where values stand in it.</summary>
internal readonly record struct ChartFrame(Axis XAxis, Axis YAxis, double Left, double Top, double Width, double Height)
{
    public double Right => Left + Width;

    public double Bottom => Top + Height;

    public double X(double value) => Left + XAxis.Position(value) * Width;

    public double Y(double value) => Bottom - YAxis.Position(value) * Height;
}

namespace Switchyard.Training.Reports;

/// <summary>How much of the page's width a figure takes; the value is that width in pixels.</summary>
public enum FigureWidth
{
    /// <summary>The whole width.</summary>
    Full = 960,

    /// <summary>Two figures side by side.</summary>
    Half = 472,

    /// <summary>Three figures side by side.</summary>
    Third = 309,
}

internal static class FigureWidthCss
{
    /// <summary>The CSS class of figures of that width.</summary>
    public static string CssClass(this FigureWidth width) => width switch
    {
        FigureWidth.Third => "third",
        FigureWidth.Half => "half",
        _ => "full",
    };
}

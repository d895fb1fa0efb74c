namespace Switchyard.Ranking.Serving;

/// <summary>Where numbers of a block of candidates stand in a workspace: [rows, width], rows a stride apart.</summary>
/// <param name="Start">The first number.</param>
/// <param name="Width">Numbers of a row.</param>
/// <param name="Stride">From one row to the next.</param>
internal readonly record struct Place(int Start, int Width, int Stride)
{
    /// <summary>Some of the columns.</summary>
    public Place Columns(int first, int width) => new(Start + first, width, Stride);

    /// <summary>The numbers of a row.</summary>
    public Span<float> Row(float[] numbers, int row) => numbers.AsSpan(Start + row * Stride, Width);
}

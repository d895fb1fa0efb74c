namespace Switchyard.Language.Text;

/// <summary>
/// The windows that a text is judged by: of the model's context length, one after the other without overlap. The
/// first token of each is only input, so a window of n tokens gives n - 1 predictions. A remainder shorter than a
/// window is left out.
/// </summary>
public sealed class EvaluationWindows
{
    /// <summary>Lays windows over a stream.</summary>
    /// <param name="stream">The tokens.</param>
    /// <param name="context">Tokens in a window; at least 2, so that there is something to predict.</param>
    /// <exception cref="SwitchyardException">The stream is shorter than one window.</exception>
    public EvaluationWindows(TokenStream stream, int context)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfLessThan(context, 2);
        stream.RequireWindow(context);
        (Stream, WindowLength) = (stream, context);
    }

    /// <summary>The tokens that the windows lie over.</summary>
    public TokenStream Stream { get; }

    /// <summary>Tokens in a window.</summary>
    public int WindowLength { get; }

    /// <summary>The number of windows.</summary>
    public int Count => Stream.Tokens.Length / WindowLength;

    /// <summary>The number of tokens that are predicted in all windows together.</summary>
    public long Predictions => (long)Count * (WindowLength - 1);

    /// <summary>The tokens of a window. [context]</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such window.</exception>
    public ReadOnlySpan<int> this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            return Stream.Tokens.Slice(index * WindowLength, WindowLength);
        }
    }
}

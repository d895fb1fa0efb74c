namespace Switchyard;

/// <summary>
/// Wrong data or a wrong file: something that the caller could not have known before looking inside.
/// The message is one line that names the thing, its value and, in <see cref="Hint"/>, the way out.
/// Wrong use of an API throws <see cref="ArgumentException"/> and its kin instead.
/// </summary>
public sealed class SwitchyardException : Exception
{
    /// <summary>Reports wrong data.</summary>
    /// <param name="message">One line: what is wrong, where, and what was expected.</param>
    /// <param name="hint">One line: what to do about it, or null.</param>
    /// <param name="inner">The failure underneath, if there is one.</param>
    public SwitchyardException(string message, string? hint = null, Exception? inner = null)
        : base(message, inner) => Hint = hint;

    /// <summary>What to do about it, or null.</summary>
    public string? Hint { get; }
}

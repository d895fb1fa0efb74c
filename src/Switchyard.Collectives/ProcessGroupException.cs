namespace Switchyard.Collectives;

/// <summary>
/// The ranks of a group cannot go on together: they called different things, one did not come in time, one is gone, or
/// there is no MPI. The message is one line that names the ranks and where in the program they are.
/// </summary>
/// <param name="message">One line: what is wrong.</param>
/// <param name="hint">One line: what to do about it, or null.</param>
public sealed class ProcessGroupException(string message, string? hint = null) : IOException(message)
{
    /// <summary>What to do about it, or null.</summary>
    public string? Hint { get; } = hint;
}

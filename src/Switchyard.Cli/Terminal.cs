using Switchyard.Collectives;

namespace Switchyard.Cli;

/// <summary>Where a command line reads the time and writes its words.</summary>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="Clock">The time that progress is measured with.</param>
/// <param name="Width">The columns of the terminal behind <paramref name="Error"/>, or null where there is none.</param>
/// <param name="Colour">Whether the terminal behind <paramref name="Error"/> may be sent colours.</param>
internal sealed record Terminal(TextWriter Out, TextWriter Error, TimeProvider Clock, Func<int>? Width = null, bool Colour = false)
{
    /// <summary>The streams of this process. Colour needs a terminal and an empty NO_COLOR (no-color.org).</summary>
    public static Terminal OfProcess()
    {
        // mpirun gives its ranks terminals and reads what they write: no escape sequence, which .NET greets a terminal with, belongs there.
        if (MpiGroup.IsLaunched) Environment.SetEnvironmentVariable("TERM", "dumb");
        bool live = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");
        bool colour = live && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return new Terminal(Console.Out, Console.Error, TimeProvider.System, live ? () => Console.WindowWidth : null, colour);
    }
}

using System.Text;

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
        bool live = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb");
        bool colour = live && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return new Terminal(Writer(Console.OpenStandardOutput()), Writer(Console.OpenStandardError()), TimeProvider.System, live ? () => Console.WindowWidth : null, colour);
    }

    // Console.Out greets a terminal with an escape sequence, and mpirun gives its ranks terminals whose lines others read.
    private static TextWriter Writer(Stream stream) => TextWriter.Synchronized(new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true });
}

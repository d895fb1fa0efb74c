namespace Switchyard.Cli;

/// <summary>What the program's exit code says.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>The program failed by its own fault.</summary>
    public const int Fault = 1;

    /// <summary>Wrong use, bad input, or a file that cannot be read or written.</summary>
    public const int Misuse = 2;

    /// <summary>Stopped by SIGINT or SIGTERM, after saving what was to be saved.</summary>
    public const int Interrupted = 130;
}

using System.CommandLine;

namespace Switchyard.Cli;

/// <summary>The options that every command understands.</summary>
internal sealed class GlobalOptions
{
    /// <summary>The last line of standard output is one JSON object; all other text goes to standard error.</summary>
    public Option<bool> Json { get; } = new("--json")
    {
        Description = "End standard output with one JSON object; text for people goes to standard error",
        Recursive = true,
    };

    /// <summary>No progress and no chatter; results stay.</summary>
    public Option<bool> Quiet { get; } = new("--quiet")
    {
        Description = "Show results only, no progress",
        Recursive = true,
    };

    /// <summary>Failures show where they came from.</summary>
    public Option<bool> Verbose { get; } = new("--verbose")
    {
        Description = "Show the stack trace of a failure",
        Recursive = true,
    };

    /// <summary>Gives the options to a command and to all below it.</summary>
    public void AddTo(Command root)
    {
        root.Add(Json);
        root.Add(Quiet);
        root.Add(Verbose);
    }
}

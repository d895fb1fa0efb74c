using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Switchyard.Cli;

/// <summary>The library's help text, followed by examples.</summary>
internal sealed class Help(HelpAction usage) : SynchronousCommandLineAction
{
    /// <inheritdoc />
    public override bool ClearsParseErrors => true;

    /// <inheritdoc />
    public override int Invoke(ParseResult parseResult)
    {
        usage.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (Example example in ExamplesOf(parseResult.CommandResult.Command))
        {
            output.WriteLine($"  {example.Line}");
            output.WriteLine($"      {example.Effect}");
        }
        return ExitCode.Done;
    }

    // A group shows how each of its commands begins.
    private static IEnumerable<Example> ExamplesOf(Command command) => command is RunnableCommand runnable
        ? runnable.Examples
        : command.Subcommands.SelectMany(inner => ExamplesOf(inner).Take(1));
}

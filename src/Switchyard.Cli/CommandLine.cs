using System.CommandLine;
using System.CommandLine.Help;

namespace Switchyard.Cli;

/// <summary>Understands what was typed, runs it, and says how it ended.</summary>
internal sealed class CommandLine
{
    private readonly GlobalOptions _options = new();
    private readonly RootCommand _root = new("Mixture-of-Experts models: train them on your own text, look inside, use them.");

    /// <summary>A command line of the given commands.</summary>
    public CommandLine(IEnumerable<Command> commands)
    {
        foreach (Command command in commands) _root.Add(command);
        _options.AddTo(_root);
        foreach (Option option in _root.Options)
            if (option is HelpOption { Action: HelpAction usage } help) help.Action = new Help(usage);
    }

    /// <summary>Runs one command.</summary>
    /// <param name="arguments">What was typed after the program's name.</param>
    /// <param name="terminal">Where to write.</param>
    /// <param name="interrupted">Cancelled when the command shall save and end.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public int Run(IReadOnlyList<string> arguments, Terminal terminal, CancellationToken interrupted)
    {
        // A prompt may begin with @ or be a single dash and letters: no response files, no bundles.
        ParseResult parse = _root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        if (parse.Action is not (null or System.CommandLine.Invocation.ParseErrorAction))
            return parse.Invoke(new InvocationConfiguration { Output = terminal.Out, Error = terminal.Error });

        Output output = new(terminal, parse.GetValue(_options.Json), parse.GetValue(_options.Quiet));
        if (Failure.Of(parse) is { } misuse)
        {
            output.Fail(misuse);
            return misuse.ExitCode;
        }

        try
        {
            using (interrupted.Register(() => output.Say("interrupted: stopping in good order; a second signal stops at once")))
                ((RunnableCommand)parse.CommandResult.Command).Run(parse, output, interrupted);
            output.Close(interrupted.IsCancellationRequested);
            return interrupted.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Done;
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception exception)
        {
            Failure failure = Failure.Of(exception);
            output.Fail(failure);
            if (parse.GetValue(_options.Verbose)) terminal.Error.WriteLine(exception);
            return failure.ExitCode;
        }
    }
}

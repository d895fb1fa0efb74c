using System.CommandLine;
using System.CommandLine.Parsing;
using Switchyard.Collectives;

namespace Switchyard.Cli;

/// <summary>Why a command did not end well, in one line, and the way out.</summary>
/// <param name="ExitCode">One of <see cref="Cli.ExitCode"/>.</param>
/// <param name="Message">One line: what is wrong.</param>
/// <param name="Hint">One line: what to do, or null.</param>
internal sealed record Failure(int ExitCode, string Message, string? Hint)
{
    /// <summary>What an exception means to the person who typed the command.</summary>
    public static Failure Of(Exception exception) => exception switch
    {
        // Parallel loops wrap what their bodies throw.
        AggregateException { InnerExceptions: [var first, ..] } => Of(first),
        // Rank 0 says what anybody alone would say.
        RankFailedException { Rank: 0, InnerException: { } inner } => Of(inner),
        RankFailedException { InnerException: { } inner } failed => Of(inner).Of(failed.Rank),
        ProcessGroupException wrong => new(Cli.ExitCode.Misuse, OneLine(wrong.Message), wrong.Hint is null ? null : OneLine(wrong.Hint)),
        SwitchyardException wrong => new(Cli.ExitCode.Misuse, OneLine(wrong.Message), wrong.Hint is null ? null : OneLine(wrong.Hint)),
        ArgumentException wrong => new(Cli.ExitCode.Misuse, OneLine(WithoutParameter(wrong)), null),
        IOException or UnauthorizedAccessException => new(Cli.ExitCode.Misuse, OneLine(exception.Message), null),
        OutOfMemoryException => new(Cli.ExitCode.Misuse, "there is not enough memory for that", "choose fewer or smaller layers and experts, a smaller batch or a shorter context"),
        _ => new(
            Cli.ExitCode.Fault,
            $"this is our fault: {exception.GetType().Name}: {OneLine(exception.Message)}",
            "--verbose shows where it happened; please report it with the command that you typed"),
    };

    /// <summary>What is wrong with a command line, or null if nothing is.</summary>
    public static Failure? Of(ParseResult parse)
    {
        Command command = parse.CommandResult.Command;
        string help = $"'{FullName(parse.CommandResult)} --help' shows what it takes";

        // An unknown word often makes other errors, which the library lists before it.
        if (UnknownWord(parse) is { } unknown)
        {
            bool option = unknown.StartsWith('-');
            string kind = option ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
            string? nearest = Spelling.Nearest(unknown, option ? OptionNames(parse.CommandResult) : command.Subcommands.Select(inner => inner.Name));
            return new(Cli.ExitCode.Misuse, $"unknown {kind} '{unknown}'", nearest is null ? help : $"did you mean '{nearest}'? {help}");
        }

        if (command is not RunnableCommand)
            return new(Cli.ExitCode.Misuse, command is RootCommand ? "no command given" : $"'{command.Name}' needs a command after it", help);

        return parse.Errors is [var first, ..] ? new(Cli.ExitCode.Misuse, Describe(first), help) : null;
    }

    private Failure Of(int rank) => this with { Message = $"rank {rank}: {Message}" };

    // A mistyped option before a path is taken for the path, unless -- stands before it.
    private static string? UnknownWord(ParseResult parse)
    {
        bool literal = parse.Tokens.Any(token => token.Type == TokenType.DoubleDash);
        string? mistyped = parse.CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(argument => argument.Tokens)
            .FirstOrDefault(token => !literal && token.Value.StartsWith("--", StringComparison.Ordinal))?.Value;
        return mistyped ?? (parse.UnmatchedTokens is [var unmatched, ..] ? unmatched : null);
    }

    private static string Describe(ParseError error) => error.SymbolResult switch
    {
        OptionResult { Tokens: [var value], Option: var option } when Kind(option.ValueType) is { } kind && error.Message.Contains("Cannot parse", StringComparison.Ordinal) =>
            $"{option.Name} is '{value.Value}', which is not {kind}",
        _ => OneLine(error.Message).TrimEnd('.'),
    };

    private static string? Kind(Type type) =>
        type == typeof(ulong) || type == typeof(uint) ? "a whole number of at least 0"
        : type == typeof(int) || type == typeof(long) || type == typeof(int?) || type == typeof(long?) ? "a whole number"
        : type == typeof(float) || type == typeof(double) || type == typeof(float?) || type == typeof(double?) ? "a number"
        : null;

    private static IEnumerable<string> OptionNames(CommandResult? result)
    {
        bool own = true;
        for (; result is not null; result = result.Parent as CommandResult, own = false)
        {
            foreach (Option option in result.Command.Options)
                if (own || option.Recursive) yield return option.Name;
        }
    }

    private static string FullName(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{FullName(parent)} {result.Command.Name}" : "switchyard";

    private static string WithoutParameter(ArgumentException exception)
    {
        string suffix = $" (Parameter '{exception.ParamName}')";
        int at = exception.ParamName is null ? -1 : exception.Message.IndexOf(suffix, StringComparison.Ordinal);
        return at < 0 ? exception.Message : exception.Message.Remove(at, suffix.Length);
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();
}

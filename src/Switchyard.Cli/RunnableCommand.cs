using System.CommandLine;

namespace Switchyard.Cli;

/// <summary>One way to call a command.</summary>
/// <param name="Line">What to type.</param>
/// <param name="Effect">What it does, as a short sentence.</param>
internal readonly record struct Example(string Line, string Effect);

/// <summary>A command that does something, as opposed to one that only groups others.</summary>
/// <param name="name">What to type.</param>
/// <param name="description">What it does, as a sentence.</param>
/// <param name="run">
/// The action. It ends by returning or by throwing: <see cref="SwitchyardException"/> and
/// <see cref="ArgumentException"/> become <see cref="ExitCode.Misuse"/>, anything else
/// <see cref="ExitCode.Fault"/>. When the token is cancelled it saves its state and returns (or throws
/// <see cref="OperationCanceledException"/>), which becomes <see cref="ExitCode.Interrupted"/>.
/// </param>
/// <param name="examples">Shown by <c>--help</c>; the first one also by the program's own help.</param>
internal sealed class RunnableCommand(
    string name, string description, Action<ParseResult, Output, CancellationToken> run, params Example[] examples)
    : Command(name, description)
{
    /// <summary>Shown by <c>--help</c>.</summary>
    public IReadOnlyList<Example> Examples { get; } = examples;

    /// <summary>Carries the command out.</summary>
    public void Run(ParseResult parse, Output output, CancellationToken interrupted) => run(parse, output, interrupted);
}

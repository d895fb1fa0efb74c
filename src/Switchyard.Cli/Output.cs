using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Switchyard.Cli;

/// <summary>
/// What a command says: results on standard output, everything else on standard error. Under <c>--json</c>
/// results for people move to standard error, and standard output ends with one JSON object.
/// </summary>
internal sealed class Output(Terminal terminal, bool json, bool quiet)
{
    private readonly TextWriter _text = json ? terminal.Error : terminal.Out;
    private JsonObject? _result;
    private bool _isLeft;
    private Action? _hideProgress;

    /// <summary>Says nothing: for ranks beside the first.</summary>
    public static Output ToNobody() => new(new Terminal(TextWriter.Null, TextWriter.Null, TimeProvider.System), json: false, quiet: true);

    /// <summary>Whether the caller reads the JSON object: <see cref="Result"/> must then be called.</summary>
    public bool Json => json;

    /// <summary>Writes a piece of the result for people, such as generated text, and shows it at once.</summary>
    public void Write(string text)
    {
        _hideProgress?.Invoke();
        _text.Write(text);
        _text.Flush();
    }

    /// <summary>Writes a line of the result for people.</summary>
    public void WriteLine(string line = "")
    {
        _hideProgress?.Invoke();
        _text.WriteLine(line);
    }

    /// <summary>Writes a line that is nice to know, on standard error; left out under <c>--quiet</c>.</summary>
    public void Say(string line)
    {
        if (quiet) return;
        _hideProgress?.Invoke();
        terminal.Error.WriteLine(line);
    }

    /// <summary>Writes a warning on standard error; <c>--quiet</c> does not silence it.</summary>
    public void Warn(string message)
    {
        _hideProgress?.Invoke();
        terminal.Error.WriteLine($"switchyard: warning: {message}");
    }

    /// <summary>Gives the object that <c>--json</c> prints when the command has ended.</summary>
    /// <exception cref="InvalidOperationException">It was given before.</exception>
    public void Result(JsonObject result)
    {
        if (_result is not null) throw new InvalidOperationException("a command has one result, and it was given before");
        _result = result;
    }

    /// <summary>Leaves the object that <c>--json</c> prints to the process of another rank.</summary>
    public void LeaveResult() => _isLeft = true;

    /// <summary>Starts to show how far a long piece of work has come. Dispose it when the work ends.</summary>
    /// <param name="activity">What goes on, as one word: "training".</param>
    /// <param name="unit">What is counted, in the plural: "tokens".</param>
    /// <param name="total">How many there are in all, or null where nobody knows.</param>
    public Progress Progress(string activity, string unit, long? total)
    {
        Progress progress = new(quiet ? terminal with { Error = TextWriter.Null } : terminal, activity, unit, total);
        // Work inside other work is shown in its place.
        _hideProgress?.Invoke();
        _hideProgress += progress.Hide;
        return progress;
    }

    /// <summary>Reports a failure: one line, and one for the way out.</summary>
    public void Fail(Failure failure)
    {
        _hideProgress?.Invoke();
        terminal.Error.WriteLine($"switchyard: {failure.Message}");
        if (failure.Hint is not null) terminal.Error.WriteLine($"  hint: {failure.Hint}");
    }

    /// <summary>Writes the JSON object, as the last line of standard output.</summary>
    /// <param name="interrupted">Whether the command was stopped, and so may have no result.</param>
    /// <exception cref="InvalidOperationException">The command ran to its end and gave none.</exception>
    public void Close(bool interrupted)
    {
        if (!json || _isLeft || (_result is null && interrupted)) return;
        if (_result is null) throw new InvalidOperationException("the command ended without a result for --json");
        terminal.Out.WriteLine(_result.ToJsonString(SingleLine));
    }

    // Readable letters instead of \uXXXX: the reader is a program or a log, never a web page.
    private static readonly JsonSerializerOptions SingleLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}

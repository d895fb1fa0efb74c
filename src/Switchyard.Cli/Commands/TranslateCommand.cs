using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Switchyard.Language.Runs;
using Switchyard.Language.Translation;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli.Commands;

/// <summary><c>translate</c>: lines in, lines out, each as soon as it is there.</summary>
internal static class TranslateCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<string> run = new("--run") { Description = "The folder of a run of the task translation", HelpName = "DIR", Required = true };
        Option<string?> text = new("--text") { Description = "A line to translate", HelpName = "TEXT" };
        Option<string?> data = new("--data") { Description = "A file of lines to translate, plain or in gzip; without it and --text, standard input", HelpName = "FILE" };
        BeamSettings beam = new();
        Option<int> threads = SharedOptions.Threads();
        return new RunnableCommand(
            "translate",
            "Translates lines with a trained model: one line out for every line in.",
            (parse, output, interrupted) =>
            {
                WorkerPool.Threads = parse.GetValue(threads);
                if (parse.GetValue(text) is not null && parse.GetValue(data) is not null) throw new ArgumentException("--text and --data were both given: give one of them");
                Translate(parse.GetRequiredValue(run), Lines(parse.GetValue(text), parse.GetValue(data)), beam.Of(parse), output, interrupted);
            },
            new Example("switchyard translate --run runs/translator --text \"A man is sleeping.\"", "Translates a line."),
            new Example("switchyard translate --run runs/translator --data lines.en --beam 1", "Translates a file line by line, taking the likeliest token each time."))
        {
            run, text, data, beam.Width, beam.LengthPenalty, threads,
        };
    }

    private static IEnumerable<string> Lines(string? text, string? path)
    {
        if (text is not null) return [text.ReplaceLineEndings(" ")];
        if (path is not null) return ParallelText.Lines(path).Select(static line => Encoding.UTF8.GetString(line.Span));
        return StandardInput();
    }

    private static IEnumerable<string> StandardInput()
    {
        while (Console.In.ReadLine() is { } line) yield return line;
    }

    private static void Translate(string folder, IEnumerable<string> lines, BeamOptions beam, Output output, CancellationToken interrupted)
    {
        using LanguageRun run = LanguageRun.Open(folder, output.Warn);
        Translator translator = new(run.EncoderDecoder, run.Tokenizer, beam);
        JsonArray translations = [];
        int number = 0;
        foreach (string line in lines)
        {
            if (interrupted.IsCancellationRequested) break;
            TranslatedLine translated = translator.Translate(line);
            number++;
            if (translated.LeftOut > 0) output.Warn($"line {number} is {translated.LeftOut} tokens longer than the model's context, and its end was not translated");
            output.Write(translated.Text.ReplaceLineEndings(" ") + "\n");
            if (output.Json) translations.Add((JsonNode)new JsonObject { ["source"] = line, ["translation"] = translated.Text, ["score"] = translated.Score });
        }
        if (output.Json) output.Result(new JsonObject { ["beam"] = beam.Width, ["translations"] = translations });
    }
}

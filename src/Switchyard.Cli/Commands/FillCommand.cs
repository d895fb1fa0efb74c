using System.CommandLine;
using System.Text.Json.Nodes;
using Switchyard.Language.Masking;
using Switchyard.Language.Runs;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli.Commands;

/// <summary><c>fill</c>: what may stand where a text has a mask.</summary>
internal static class FillCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<string> run = new("--run") { Description = "The folder of a run of the task mlm", HelpName = "DIR", Required = true };
        Option<string> text = new("--text") { Description = $"The text, with {MaskFiller.Mark} where a token is to be guessed; '-' reads it from standard input", HelpName = "TEXT", Required = true };
        Option<int> top = new("--top") { Description = "Proposals for each mask", HelpName = "N", DefaultValueFactory = _ => 5 };
        top.AcceptAtLeast(1);
        Option<int> threads = SharedOptions.Threads();
        return new RunnableCommand(
            "fill",
            "Guesses the masked tokens of a text with a trained model.",
            (parse, output, _) =>
            {
                WorkerPool.Threads = parse.GetValue(threads);
                string given = parse.GetRequiredValue(text);
                Fill(parse.GetRequiredValue(run), given == "-" ? Console.In.ReadToEnd() : given, parse.GetValue(top), output);
            },
            new Example("switchyard fill --run runs/masked --text \"The [MASK] sat on the mat\"", "Fills the gap, and prints the five likeliest tokens with their probabilities."),
            new Example("switchyard fill --run runs/masked --text \"The [MASK] sat on the [MASK]\" --top 3 --json", "Does so for every gap, as JSON."))
        {
            run, text, top, threads,
        };
    }

    private static void Fill(string folder, string text, int top, Output output)
    {
        using LanguageRun run = LanguageRun.Open(folder, output.Warn);
        FilledText filled = new MaskFiller(run.Encoder, run.Tokenizer, run.Options.Masking).Fill(text, top);
        output.WriteLine(filled.Text);
        for (int mask = 0; mask < filled.Masks.Count; mask++)
            output.WriteLine($"{MaskFiller.Mark} {mask + 1}: {string.Join(", ", filled.Masks[mask].Select(static proposal => $"'{proposal.Text}' {proposal.Probability:f3}"))}");
        if (!output.Json) return;
        output.Result(new JsonObject
        {
            ["text"] = filled.Text,
            ["masks"] = new JsonArray([.. filled.Masks.Select(static proposals => (JsonNode)new JsonArray([.. proposals.Select(static proposal => (JsonNode)new JsonObject
            {
                ["token"] = proposal.Token,
                ["text"] = proposal.Text,
                ["probability"] = proposal.Probability,
            })]))]),
        });
    }
}

using System.CommandLine;
using System.Text.Json.Nodes;
using Switchyard.Language.Evaluations;
using Switchyard.Language.Runs;
using Switchyard.Language.Text;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli.Commands;

/// <summary><c>evaluate</c>: how well a trained model predicts a text.</summary>
internal static class EvaluateCommand
{
    private const int Batch = 16;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<string> run = new("--run") { Description = "The folder of a training run", HelpName = "DIR", Required = true };
        Option<string> data = new("--data") { Description = "A text file, a folder of texts or a pattern: all of it is predicted", HelpName = "PATH", Required = true };
        Option<int> threads = SharedOptions.Threads();
        return new RunnableCommand(
            "evaluate",
            "Measures how well a trained model predicts a text, in windows of its context length.",
            (parse, output, interrupted) =>
            {
                WorkerPool.Threads = parse.GetValue(threads);
                Evaluate(parse.GetRequiredValue(run), parse.GetRequiredValue(data), output, interrupted);
            },
            new Example("switchyard evaluate --run runs/mine --data other.txt", "Prints nats per byte and perplexity on another text."),
            new Example("switchyard evaluate --run runs/mine --data other.txt --json", "Prints the same, and the routing of each layer, as JSON."))
        {
            run, data, threads,
        };
    }

    private static void Evaluate(string folder, string data, Output output, CancellationToken interrupted)
    {
        using LanguageRun run = LanguageRun.Open(folder, output.Warn);
        TextSource source = TextSource.Load(data);
        EvaluationWindows windows = new(TokenStream.Encode(source.Name, run.Tokenizer, source.Documents), run.Model.Options.Context);
        TextEvaluation evaluation;
        using (Progress progress = output.Progress("evaluating", "windows", windows.Count))
            evaluation = TextEvaluator.Evaluate(run.Model, run.Tokenizer, windows, Batch, done => progress.Report(done), interrupted);

        IReadOnlyList<int> mixtureLayers = run.Model.Options.MixtureLayers;
        output.WriteLine($"{evaluation.NatsPerByte:f4} nats per byte, {evaluation.NatsPerToken:f4} per token, perplexity {evaluation.Perplexity:f3} over {evaluation.Tokens:N0} tokens");
        for (int i = 0; i < evaluation.Layers.Count; i++)
            output.WriteLine($"layer {mixtureLayers[i]}: busiest expert {evaluation.Layers[i].MaxOverMean:f2} times the mean, load entropy {evaluation.Layers[i].LoadEntropy:f3} of 1");
        if (evaluation.DroppedFraction > 0) output.WriteLine($"dropped: {evaluation.DroppedFraction:p2} of all pairs");
        if (output.Json)
        {
            output.Result(new JsonObject
            {
                ["nats_per_token"] = evaluation.NatsPerToken,
                ["nats_per_byte"] = evaluation.NatsPerByte,
                ["perplexity"] = evaluation.Perplexity,
                ["tokens"] = evaluation.Tokens,
                ["dropped_fraction"] = evaluation.DroppedFraction,
                ["layers"] = new JsonArray([.. evaluation.Layers.Select((layer, index) => (JsonNode)new JsonObject
                {
                    ["layer"] = mixtureLayers[index],
                    ["max_over_mean"] = layer.MaxOverMean,
                    ["entropy"] = layer.LoadEntropy,
                    ["token_entropy"] = layer.TokenEntropy,
                    ["active_per_token"] = layer.ActivePerToken,
                    ["dropped_fraction"] = layer.DroppedFraction,
                    ["load"] = new JsonArray([.. layer.Load.Select(load => (JsonNode)((double)load / Math.Max(1, layer.Pairs)))]),
                })]),
            });
        }
    }
}

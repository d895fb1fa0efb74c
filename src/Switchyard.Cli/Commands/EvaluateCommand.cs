using System.CommandLine;
using System.Text.Json.Nodes;
using Switchyard.Experts;
using Switchyard.Language.Evaluations;
using Switchyard.Language.Masking;
using Switchyard.Language.Runs;
using Switchyard.Language.Text;
using Switchyard.Language.Translation;
using Switchyard.Tensors.Kernels;
using Switchyard.Training.Reports;

namespace Switchyard.Cli.Commands;

/// <summary><c>evaluate</c>: how well a trained model predicts a text, guesses its hidden tokens, or translates it.</summary>
internal static class EvaluateCommand
{
    private const int Batch = 16, ShownTranslations = 8;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<string> run = new("--run") { Description = "The folder of a training run, or of a checkpoint of Hugging Face", HelpName = "DIR", Required = true };
        Option<string> data = new("--data") { Description = "A text file, a folder of texts or a pattern: all of it is predicted; SOURCE,TARGET for a translator", HelpName = "PATH", Required = true };
        BeamSettings beam = new();
        Option<int> threads = SharedOptions.Threads();
        return new RunnableCommand(
            "evaluate",
            "Measures how well a trained model predicts a text, in windows of its context length; of a translator, BLEU.",
            (parse, output, interrupted) =>
            {
                WorkerPool.Threads = parse.GetValue(threads);
                using LanguageRun opened = LanguageRun.Open(parse.GetRequiredValue(run), output.Warn);
                string path = parse.GetRequiredValue(data);
                if (opened.Options.Task != LanguageRunOptions.Translation && beam.AreGiven(parse)) throw new ArgumentException("--beam and --length-penalty are for translators: leave them out for this run");
                Evaluated evaluated = opened.Options.Task switch
                {
                    LanguageRunOptions.Translation => Translations(opened, path, beam.Of(parse), output, interrupted),
                    LanguageRunOptions.Masked => Masks(opened, path, output, interrupted),
                    _ => Text(opened, path, output, interrupted),
                };
                AddRouting(evaluated, opened, output);
                evaluated.Result["report"] = Report(evaluated, opened, parse.GetRequiredValue(run), path, TypedLine.Of(parse), output);
                if (output.Json) output.Result(evaluated.Result);
            },
            new Example("switchyard evaluate --run runs/mine --data other.txt", "Prints nats per byte and perplexity on another text."),
            new Example("switchyard evaluate --run runs/translator --data test.en,test.de --beam 5", "Translates the one text and compares with the other: BLEU, with its signature."),
            new Example("switchyard evaluate --run runs/mine --data other.txt --json", "Prints the same, and the routing of each layer, as JSON."))
        {
            run, data, beam.Width, beam.LengthPenalty, threads,
        };
    }

    /// <summary>What an evaluation gave.</summary>
    /// <param name="Result">For <c>--json</c>.</param>
    /// <param name="Figures">For the report.</param>
    /// <param name="Layers">What the gate of each mixture layer did.</param>
    private sealed record Evaluated(JsonObject Result, IReadOnlyList<HeadlineFigure> Figures, IReadOnlyList<RoutingStatistics> Layers)
    {
        public RoutedText? Routed { get; init; }

        public IReadOnlyList<TextSample> Samples { get; init; } = [];
    }

    private static Evaluated Text(LanguageRun run, string data, Output output, CancellationToken interrupted)
    {
        EvaluationWindows windows = Windows(run, data);
        TextEvaluation evaluation;
        using (Progress progress = output.Progress("evaluating", "windows", windows.Count))
            evaluation = TextEvaluator.Evaluate(run.Causal, run.Tokenizer, windows, Batch, done => progress.Report(done), interrupted);
        output.WriteLine($"{evaluation.NatsPerByte:f4} nats per byte, {evaluation.NatsPerToken:f4} per token, perplexity {evaluation.Perplexity:f3} over {evaluation.Tokens:N0} tokens");
        JsonObject result = new()
        {
            ["nats_per_token"] = evaluation.NatsPerToken,
            ["nats_per_byte"] = evaluation.NatsPerByte,
            ["perplexity"] = evaluation.Perplexity,
            ["tokens"] = evaluation.Tokens,
        };
        HeadlineFigure[] figures =
        [
            new("Per byte", $"{evaluation.NatsPerByte:f4}", "nats"),
            new("Per token", $"{evaluation.NatsPerToken:f4}", "nats"),
            new("Perplexity", $"{evaluation.Perplexity:f4}", "per token"),
            new("Tokens", $"{evaluation.Tokens:N0}"),
        ];
        return new(result, figures, evaluation.Layers) { Routed = Routed(run, windows[0][..^1], evaluation.MainExperts, evaluation.Layers) };
    }

    private static Evaluated Masks(LanguageRun run, string data, Output output, CancellationToken interrupted)
    {
        EvaluationWindows windows = Windows(run, data);
        MaskedEvaluation evaluation;
        using (Progress progress = output.Progress("evaluating", "windows", windows.Count))
            evaluation = MaskedEvaluator.Evaluate(run.Encoder, run.Options.Masking, run.Tokenizer.Mark(MaskFiller.Mark), run.Tokenizer.IsSpecial, windows, Batch, done => progress.Report(done), interrupted);
        output.WriteLine($"{evaluation.NatsPerToken:f4} nats per hidden token, {evaluation.Accuracy:p1} guessed right, over {evaluation.Guessed:N0} hidden tokens");
        JsonObject result = new()
        {
            ["nats_per_token"] = evaluation.NatsPerToken,
            ["accuracy"] = evaluation.Accuracy,
            ["tokens"] = evaluation.Guessed,
        };
        HeadlineFigure[] figures =
        [
            new("Per hidden token", $"{evaluation.NatsPerToken:f4}", "nats"),
            new("Guessed right", $"{evaluation.Accuracy:p1}"),
            new("Hidden tokens", $"{evaluation.Guessed:N0}"),
        ];
        return new(result, figures, evaluation.Layers) { Routed = Routed(run, [.. evaluation.FirstWindow], evaluation.MainExperts, evaluation.Layers) };
    }

    private static Evaluated Translations(LanguageRun run, string data, BeamOptions beam, Output output, CancellationToken interrupted)
    {
        ParallelFiles files = ParallelFiles.Find(data);
        ParallelText text = ParallelText.Load(files.Source, files.Target);
        PairEvaluation predicted = TranslationEvaluator.Evaluate(run.EncoderDecoder, TokenPairs.Encode(text, run.Tokenizer, run.Model.Options.Context), TranslationMarks.Of(run.Tokenizer), Batch, null, interrupted);
        Translator translator = new(run.EncoderDecoder, run.Tokenizer, beam);
        List<string> translations = [];
        using (Progress progress = output.Progress("translating", "lines", text.Pairs))
        {
            foreach (string line in text.SourceLines)
            {
                interrupted.ThrowIfCancellationRequested();
                translations.Add(translator.Translate(line).Text);
                progress.Report(translations.Count);
            }
        }
        Bleu bleu = new(new BleuOptions());
        string[] references = [.. text.TargetLines];
        BleuScore score = bleu.Score(translations, [references]);
        double characters = new CharacterFScore().Score(translations, [references]);
        string signature = bleu.Options.Signature(references: 1);
        output.WriteLine($"BLEU {score.Score:f2} ({signature}), chrF {characters:f2}, beam {beam.Width}, over {text.Pairs:N0} pairs");
        output.WriteLine($"precisions {string.Join(" / ", score.Precisions.Select(static precision => $"{precision:f1}"))}, brevity penalty {score.BrevityPenalty:f3}, {score.HypothesisLength:N0} words for {score.ReferenceLength:N0}");
        output.WriteLine($"{predicted.NatsPerToken:f4} nats per token of the given translations, perplexity {predicted.Perplexity:f3}");
        JsonObject result = new()
        {
            ["bleu"] = score.Score,
            ["signature"] = signature,
            ["precisions"] = new JsonArray([.. score.Precisions.Select(static precision => (JsonNode)precision)]),
            ["brevity_penalty"] = score.BrevityPenalty,
            ["hypothesis_length"] = score.HypothesisLength,
            ["reference_length"] = score.ReferenceLength,
            ["chrf"] = characters,
            ["beam"] = beam.Width,
            ["pairs"] = text.Pairs,
            ["nats_per_token"] = predicted.NatsPerToken,
            ["perplexity"] = predicted.Perplexity,
            ["tokens"] = predicted.Tokens,
        };
        HeadlineFigure[] figures =
        [
            new("BLEU", $"{score.Score:f2}", signature),
            new("chrF", $"{characters:f2}"),
            new("Per token", $"{predicted.NatsPerToken:f4}", "nats, of the given translations"),
            new("Pairs", $"{text.Pairs:N0}", $"beam {beam.Width}"),
        ];
        return new(result, figures, predicted.Layers) { Samples = [.. text.SourceLines.Zip(translations, references).Take(ShownTranslations).Select(static one => new TextSample(one.First, $"\n→ {one.Second}", one.Third))] };
    }

    /// <summary>The first window with the expert that handled each token.</summary>
    private static RoutedText? Routed(LanguageRun run, ReadOnlySpan<int> window, IReadOnlyList<int[]> mainExperts, IReadOnlyList<RoutingStatistics> layers)
    {
        if (layers.Count == 0) return null;
        int[] ids = window[..Math.Min(window.Length, mainExperts[0].Length)].ToArray();
        return new RoutedText("the beginning of the text", [.. ids.Select(id => run.Tokenizer.Decode([id]))],
            [.. layers.Select((layer, i) => new LayerChoices(run.Model.Options.MixtureLayers[i], layer.Load.Count, mainExperts[i][..ids.Length]))]);
    }

    private static string? Report(Evaluated evaluated, LanguageRun run, string folder, string data, string commandLine, Output output)
    {
        EvaluationReport report = new()
        {
            Title = $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(folder))} on {data}",
            Subtitle = run.Model.Options.Describe(),
            CommandLine = commandLine,
            Figures = evaluated.Figures,
            Layers = [.. run.Model.Options.MixtureLayers.Zip(evaluated.Layers)],
            Routed = evaluated.Routed,
            Samples = evaluated.Samples,
        };
        return EvaluationOutput.Write(folder, data, report.Compose(), output);
    }

    private static EvaluationWindows Windows(LanguageRun run, string data)
    {
        TextSource source = TextSource.Load(data);
        return new(TokenStream.Encode(source.Name, run.Tokenizer, source.Documents), run.Model.Options.Context);
    }

    private static void AddRouting(Evaluated evaluated, LanguageRun run, Output output)
    {
        (JsonObject result, IReadOnlyList<RoutingStatistics> layers) = (evaluated.Result, evaluated.Layers);
        IReadOnlyList<int> mixtureLayers = run.Model.Options.MixtureLayers;
        for (int i = 0; i < layers.Count; i++)
            output.WriteLine($"layer {mixtureLayers[i]}: busiest expert {layers[i].MaxOverMean:f2} times the mean, load entropy {layers[i].LoadEntropy:f3} of 1");
        double dropped = RoutingStatistics.DroppedFractionOf(layers);
        if (dropped > 0) output.WriteLine($"dropped: {dropped:p2} of all pairs");
        result["dropped_fraction"] = dropped;
        result["layers"] = new JsonArray([.. layers.Select((layer, index) => (JsonNode)new JsonObject
        {
            ["layer"] = mixtureLayers[index],
            ["max_over_mean"] = layer.MaxOverMean,
            ["entropy"] = layer.LoadEntropy,
            ["token_entropy"] = layer.TokenEntropy,
            ["active_per_token"] = layer.ActivePerToken,
            ["dropped_fraction"] = layer.DroppedFraction,
            ["load"] = new JsonArray([.. layer.Load.Select(load => (JsonNode)((double)load / Math.Max(1, layer.Pairs)))]),
        })]);
    }
}

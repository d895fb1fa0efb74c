using System.Globalization;
using System.Text.Json.Nodes;
using Switchyard.Experts;
using Switchyard.Files;
using Switchyard.Language.Generation;
using Switchyard.Language.Text;
using Switchyard.Tensors;
using Switchyard.Training.Reports;

namespace Switchyard.Language.Runs;

/// <summary>Writes the report of a training run: its curves, its routing, and what the model makes of text.</summary>
public static class LanguageReport
{
    private const int SampleTokens = 400;

    /// <summary>Writes <c>report.html</c> into the run folder.</summary>
    /// <param name="training">The run.</param>
    /// <param name="commandLine">What was typed.</param>
    /// <param name="elapsed">How long it trained.</param>
    /// <returns>A sample of generated text.</returns>
    public static string Write(LanguageTraining training, string commandLine, TimeSpan elapsed)
    {
        ArgumentNullException.ThrowIfNull(training);
        TextSample sample = Sample(training);
        double bytesPerToken = (double)training.HeldOut.Bytes / training.HeldOut.Tokens.Length;
        TrainingReportData data = new()
        {
            Title = training.Options.Data is { } path ? Path.GetFileName(path) : "The built-in text",
            Subtitle = training.Model.Options.Describe(),
            CommandLine = commandLine,
            Metrics = MetricsFile.Read(training.Folder.MetricsPath),
            Configuration = [.. Flatten("", LanguageRunJson.Write(training.Options))],
            Elapsed = elapsed,
            TotalParameters = training.Model.ParameterCount,
            ActiveParameters = training.Model.ActiveParameterCount,
            BytesPerToken = bytesPerToken,
            SourceEntropy = training.Generated?.NatsPerByte * bytesPerToken,
            Samples = [sample],
            RoutedTexts = training.Model.Options.HasExperts ? [Routed(training)] : [],
            Domains = training.Generated is { } generated && training.Model.Options.HasExperts ? DomainLoads(training, generated) : [],
        };
        AtomicFile.WriteText(training.Folder.ReportPath, TrainingReport.Compose(data).Render());
        return sample.Prompt + sample.Continuation;
    }

    private static TextSample Sample(LanguageTraining training)
    {
        int[] prompt = training.HeldOut.Tokens[..Math.Min(32, training.HeldOut.Tokens.Length)].ToArray();
        SamplingOptions options = new() { Temperature = 0.8, TopP = 0.95 };
        TextGenerator generator = new(training.Model, new Sampler(options, new Philox(training.Options.Learning.Seed).Split("sample")));
        int[] tokens = [.. generator.Continue(prompt).Take(SampleTokens)];
        return new TextSample(training.Tokenizer.Decode(prompt), training.Tokenizer.Decode(tokens), "temperature 0.8, top-p 0.95; the prompt begins the held-out text");
    }

    /// <summary>One window of the held-out text with the expert that handled each token.</summary>
    private static RoutedText Routed(LanguageTraining training)
    {
        int[] ids = training.HeldOut.Tokens[..Math.Min(training.Options.Model.Context, training.HeldOut.Tokens.Length)].ToArray();
        return new RoutedText(
            "the beginning of the held-out text",
            [.. ids.Select(id => training.Tokenizer.Decode([id]))],
            [.. MainExperts(training, ids).Select(static layer => new LayerChoices(layer.Layer, layer.Experts, layer.Choices))]);
    }

    /// <summary>Which share of each domain's tokens each expert handles, over some windows of the built-in text.</summary>
    private static List<DomainLoad> DomainLoads(LanguageTraining training, GeneratedCorpus generated)
    {
        const int Windows = 64;
        int context = training.Options.Model.Context, position = TextCorpus.CutOf(generated.Utf8.Span);
        List<string> domains = [.. GeneratedCorpus.Domains];
        SortedDictionary<int, double[,]> counts = [];
        int experts = training.Model.Options.Experts, token = 0;
        for (int window = 0; window < Windows && token + context <= training.HeldOut.Tokens.Length; window++)
        {
            int[] ids = training.HeldOut.Tokens.Slice(token, context).ToArray();
            token += context;
            int[] domainOf = new int[context];
            for (int i = 0; i < context; i++)
            {
                domainOf[i] = domains.IndexOf(generated.DomainAt(position));
                position += training.Tokenizer.TokenBytes(ids[i]).Length;
            }
            foreach ((int layer, _, int[] choices) in MainExperts(training, ids))
            {
                if (!counts.TryGetValue(layer, out double[,]? table)) counts[layer] = table = new double[domains.Count, experts];
                for (int i = 0; i < context; i++)
                    if (choices[i] >= 0) table[domainOf[i], choices[i]]++;
            }
        }
        return [.. counts.Select(layer => new DomainLoad(layer.Key, domains, Shares(layer.Value)))];
    }

    private static double[,] Shares(double[,] counts)
    {
        for (int row = 0; row < counts.GetLength(0); row++)
        {
            double sum = 0;
            for (int column = 0; column < counts.GetLength(1); column++) sum += counts[row, column];
            for (int column = 0; column < counts.GetLength(1); column++) counts[row, column] /= Math.Max(1, sum);
        }
        return counts;
    }

    private static List<(int Layer, int Experts, int[] Choices)> MainExperts(LanguageTraining training, int[] ids)
    {
        using Gradients.Pause pause = Gradients.Paused();
        using TensorScope scope = new();
        training.Model.Train(false);
        IReadOnlyList<Routing> routings = training.Model.Forward(Tensor.From(ids, [1, ids.Length])).Routings;
        return [.. routings.Select((routing, index) => (training.Model.Options.MixtureLayers[index], routing.Experts, routing.MainExperts()))];
    }

    private static IEnumerable<KeyValuePair<string, string>> Flatten(string prefix, JsonObject options)
    {
        foreach ((string key, JsonNode? value) in options)
        {
            if (value is JsonObject inner)
                foreach (KeyValuePair<string, string> entry in Flatten($"{prefix}{key}.", inner)) yield return entry;
            else yield return new($"{prefix}{key}", value is null ? "–" : string.Create(CultureInfo.InvariantCulture, $"{value}"));
        }
    }
}

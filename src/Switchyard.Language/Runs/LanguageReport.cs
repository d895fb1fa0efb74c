using System.Globalization;
using System.Text.Json.Nodes;
using Switchyard.Files;
using Switchyard.Training.Reports;

namespace Switchyard.Language.Runs;

/// <summary>Writes the report of a training run: its curves, its routing, and what the model makes of text.</summary>
public static class LanguageReport
{
    /// <summary>Writes <c>report.html</c> into the run folder.</summary>
    /// <param name="training">The run.</param>
    /// <param name="commandLine">What was typed.</param>
    /// <param name="elapsed">How long it trained.</param>
    /// <returns>A sample of what the model writes.</returns>
    public static string Write(LanguageTraining training, string commandLine, TimeSpan elapsed)
    {
        ArgumentNullException.ThrowIfNull(training);
        TaskReport task = training.Task.Report();
        TrainingReportData data = new()
        {
            Title = training.Options.Data is { } path ? string.Join(", ", path.Split(',').Select(Path.GetFileName)) : "The built-in text",
            Subtitle = training.Options.Model.Describe(),
            CommandLine = commandLine,
            Metrics = MetricsFile.Read(training.Folder.MetricsPath),
            Configuration = [.. Flatten("", LanguageRunJson.Write(training.Options))],
            Elapsed = elapsed,
            TotalParameters = training.Model.ParameterCount,
            ActiveParameters = training.Model.ActiveParameterCount,
            LossNote = task.Loss,
            BytesPerToken = task.BytesPerToken,
            SourceEntropy = task.SourceEntropy,
            Samples = task.Samples,
            RoutedTexts = task.RoutedTexts,
            Domains = task.Domains,
        };
        AtomicFile.WriteText(training.Folder.ReportPath, TrainingReport.Compose(data).Render());
        return string.Join("\n", task.Samples.Select(static sample => sample.Prompt + sample.Continuation));
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

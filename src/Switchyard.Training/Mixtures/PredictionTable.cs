using CsvHelper;

namespace Switchyard.Training.Mixtures;

/// <summary>Predictions as a CSV table, one line per row of the data.</summary>
public static class PredictionTable
{
    /// <summary>
    /// Writes the table: <c>prediction</c>; for classes the probability of each, <c>p(CLASS)</c>; the share that the gate
    /// gives to each expert, <c>gate_0</c> and so on; and where targets are known <c>responsibility_0</c> and so on.
    /// </summary>
    /// <param name="stream">Where to; it stays open.</param>
    /// <param name="run">The mixture.</param>
    /// <param name="predictions">What it says.</param>
    public static void Write(Stream stream, MixtureRun run, MixturePredictions predictions)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(predictions);
        IReadOnlyList<string>? classes = run.Config.Classes;
        string[] experts = [.. Enumerable.Range(0, run.Config.Model.Experts).Select(expert => $"{expert}")];
        using CsvWriter csv = CsvWriter.Create(stream, new CsvWriterOptions { NewLine = "\n" }, leaveOpen: true);
        csv.WriteHeader(
        [
            "prediction",
            .. classes?.Select(label => $"p({label})") ?? [],
            .. experts.Select(expert => $"gate_{expert}"),
            .. predictions.Responsibilities is null ? [] : experts.Select(expert => $"responsibility_{expert}"),
        ]);
        for (int row = 0; row < predictions.Outputs.Length; row++)
        {
            double[] outputs = predictions.Outputs[row];
            if (classes is not null) csv.WriteField(run.Class(outputs));
            foreach (double number in outputs) csv.WriteField(number);
            foreach (double share in predictions.Gate[row]) csv.WriteField(share);
            foreach (double share in predictions.Responsibilities?[row] ?? []) csv.WriteField(share);
            csv.EndRecord();
        }
    }
}

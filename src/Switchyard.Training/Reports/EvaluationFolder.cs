using Switchyard.Files;

namespace Switchyard.Training.Reports;

/// <summary>Where the report of an evaluation stands: in the folder of the run, under the name of what it was evaluated on.</summary>
public static class EvaluationFolder
{
    private const string Name = "evaluations";

    /// <summary>Writes the report of an evaluation over that of an earlier one on data of the same name.</summary>
    /// <param name="run">The folder of the run.</param>
    /// <param name="data">What it was evaluated on: a path, a pattern, or paths with commas between.</param>
    /// <param name="page">The report.</param>
    /// <returns>The path of the report.</returns>
    /// <exception cref="SwitchyardException">The folder cannot be written.</exception>
    public static string Write(string run, string data, ReportPage page)
    {
        ArgumentException.ThrowIfNullOrEmpty(run);
        ArgumentNullException.ThrowIfNull(page);
        string folder = Path.Combine(run, Name, NameOf(data));
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot make the folder '{folder}': {failure.Message.ReplaceLineEndings(" ")}", "evaluate a copy of the run in a folder that you may write to", failure);
        }
        string path = Path.Combine(folder, TrainingReport.FileName);
        AtomicFile.WriteText(path, page.Render());
        return path;
    }

    /// <summary>The names of the files alone, without what no folder may be called.</summary>
    internal static string NameOf(string data)
    {
        ArgumentException.ThrowIfNullOrEmpty(data);
        string name = string.Join('+', data.Split(',').Select(static path => Path.GetFileName(Path.TrimEndingDirectorySeparator(path))));
        string safe = string.Concat(name.Select(static letter => char.IsLetterOrDigit(letter) || "+-_.".Contains(letter, StringComparison.Ordinal) ? letter : '-'));
        return safe.Trim('.').Length > 0 ? safe : "data";
    }
}

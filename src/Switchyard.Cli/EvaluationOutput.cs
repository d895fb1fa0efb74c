using Switchyard.Training.Reports;

namespace Switchyard.Cli;

/// <summary>Puts the report of an evaluation beside the run, and says where.</summary>
internal static class EvaluationOutput
{
    /// <summary>Writes a report. A run that may only be read is evaluated all the same.</summary>
    /// <returns>Its path, or null where it could not be written.</returns>
    public static string? Write(string run, string data, ReportPage page, Output output)
    {
        try
        {
            string path = EvaluationFolder.Write(run, data, page);
            output.WriteLine($"report: {path}");
            return path;
        }
        catch (SwitchyardException failure)
        {
            output.Warn($"there is no report: {failure.Message}");
            return null;
        }
    }
}

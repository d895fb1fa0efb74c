using System.Globalization;
using Switchyard.Files;
using Switchyard.Training.Checkpoints;
using Switchyard.Training.Reports;

namespace Switchyard.Training;

/// <summary>
/// Where a run keeps what it makes: <c>config.json</c>, <c>metrics.jsonl</c>, <c>report.html</c> and
/// <c>checkpoints/</c>. Reading takes nothing but the path; one trainer at a time may write.
/// </summary>
public sealed class RunFolder
{
    private const string ConfigName = "config.json";
    private const string LockName = ".lock";

    private RunFolder(string path)
    {
        Path = path;
        Checkpoints = new CheckpointFolder(System.IO.Path.Combine(path, "checkpoints"));
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The configuration, which never changes.</summary>
    public string ConfigPath => ConfigOf(Path);

    /// <summary>The metrics; see <see cref="MetricsFile"/>.</summary>
    public string MetricsPath => System.IO.Path.Combine(Path, MetricsFile.Name);

    /// <summary>The report.</summary>
    public string ReportPath => System.IO.Path.Combine(Path, TrainingReport.FileName);

    /// <summary>The checkpoints.</summary>
    public CheckpointFolder Checkpoints { get; }

    /// <summary>Where the configuration of a run is, whether there is one or not.</summary>
    public static string ConfigOf(string path) => System.IO.Path.Combine(path, ConfigName);

    /// <summary>A path for a new run, named after a moment, that does not exist yet: <c>2026-11-22-0915</c>, <c>2026-11-22-0915-2</c> ...</summary>
    /// <param name="moment">When the run begins.</param>
    /// <param name="parent">The folder of all runs; it may be absent.</param>
    public static string NewPath(DateTimeOffset moment, string parent = "runs")
    {
        ArgumentException.ThrowIfNullOrEmpty(parent);
        string name = System.IO.Path.Combine(parent, moment.ToString("yyyy-MM-dd-HHmm", CultureInfo.InvariantCulture));
        string path = name;
        for (int n = 2; System.IO.Path.Exists(path); n++) path = $"{name}-{n}";
        return path;
    }

    /// <summary>A folder for a run that <see cref="Start"/> will begin. Nothing is written yet.</summary>
    /// <param name="path">The folder; it may be absent.</param>
    /// <exception cref="SwitchyardException">The folder holds a run already.</exception>
    public static RunFolder At(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        RunFolder run = new(path);
        run.CheckUnused();
        return run;
    }

    /// <summary>Opens the folder of a run, to read it or to resume it.</summary>
    /// <exception cref="SwitchyardException">There is no run in it.</exception>
    public static RunFolder Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        RunFolder run = new(path);
        return File.Exists(run.ConfigPath) ? run : throw new SwitchyardException($"{path} holds no run: {ConfigName} is missing", "name the folder of a run, such as one in runs/");
    }

    /// <summary>Begins the run: makes the folder and writes its configuration, once and for all.</summary>
    /// <param name="config">The content of <c>config.json</c>.</param>
    /// <exception cref="SwitchyardException">The folder holds a run, or cannot be made or written.</exception>
    public void Start(string config)
    {
        CheckUnused();
        try
        {
            Directory.CreateDirectory(Path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot make the folder '{Path}': {failure.Message.ReplaceLineEndings(" ")}", "name a folder that you may write to", failure);
        }
        AtomicFile.WriteText(ConfigPath, config);
    }

    /// <summary>Keeps other trainers out until the returned value is disposed, or the process ends in whatever way.</summary>
    /// <exception cref="SwitchyardException">Another trainer is at work, or the folder may not be written.</exception>
    internal IDisposable Lock()
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(Path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException failure)
        {
            throw new SwitchyardException($"another process trains in {Path}", "wait for it to end, or name another folder", failure);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new SwitchyardException($"{Path} may not be written to", "allow it, or copy the run to another folder", failure);
        }
    }

    private void CheckUnused()
    {
        if (File.Exists(ConfigPath) || File.Exists(MetricsPath) || File.Exists(ReportPath) || Checkpoints.All().Count > 0)
            throw new SwitchyardException($"{Path} holds a run already, or a report.html that is not to be replaced", "resume it, or name another folder");
    }
}

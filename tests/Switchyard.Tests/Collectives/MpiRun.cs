using System.Diagnostics;

namespace Switchyard.Tests.Collectives;

/// <summary>Starts this assembly under mpirun, once per rank.</summary>
internal static class MpiRun
{
    /// <summary>The launchers that a Debian has, by the name of their package.</summary>
    public static IReadOnlyList<(string Package, string Program, string[] Options)> Launchers { get; } =
    [
        ("openmpi-bin", "mpirun.openmpi", ["--allow-run-as-root", "--oversubscribe"]),
        ("mpich", "mpirun.mpich", []),
    ];

    /// <summary>Runs one of <see cref="RanksUnderMpi"/> and gives what each rank wrote; skips the calling test where the launcher is missing.</summary>
    public static string[] Of(string package, int ranks, string method, int perNode = 0)
    {
        using TemporaryFolder folder = new();
        using Process process = Start(
            package, ranks, folder.Path, [typeof(MpiRun).Assembly.Location, "-explicit", "only", "-noLogo", "-noColor", "-method", $"{typeof(RanksUnderMpi).FullName}.{method}"],
            (RanksUnderMpi.Folder, folder.Path), (RanksUnderMpi.PerNode, $"{perNode}"));
        (string output, string error) = End(process);
        string[] files = [.. Enumerable.Range(0, ranks).Select(rank => Path.Combine(folder.Path, $"{rank}"))];
        return [.. files.Select(file => File.Exists(file) ? File.ReadAllText(file) : $"nothing:\n{output}\n{error}")];
    }

    /// <summary>Starts a program of ours once per rank; skips the calling test where the launcher is missing.</summary>
    public static Process Start(string package, int ranks, string folder, string[] program, params (string Name, string Value)[] environment)
    {
        (_, string launcher, string[] options) = Launchers.Single(one => one.Package == package);
        bool found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(place => File.Exists(Path.Combine(place, launcher)));
        Assert.SkipUnless(found, $"{launcher} is not installed: apt-get install {package}");
        ProcessStartInfo start = new(launcher, [.. options, "-np", $"{ranks}", "dotnet", .. program])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Waits for the end, and gives what was written.</summary>
    public static (string Output, string Error) End(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        process.WaitForExit();
        return (output.Result, error.Result);
    }
}

using System.Diagnostics;
using System.Globalization;
using Switchyard.Language.Comparisons;

namespace Switchyard.Cli;

/// <summary>Trains several runs at a time, each by <c>train --resume</c> in a process of its own.</summary>
internal static class TrainingProcesses
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(0.2);

    /// <summary>Trains runs that were begun.</summary>
    /// <param name="runs">The runs.</param>
    /// <param name="processes">How many at a time.</param>
    /// <param name="threads">Threads of each.</param>
    /// <param name="finished">Told of every run that has come to its end.</param>
    /// <param name="interrupted">Ends the processes: a run goes on from its last checkpoint when it is taken up again.</param>
    /// <exception cref="SwitchyardException">A process failed.</exception>
    public static void Run(IReadOnlyList<ComparisonRun> runs, int processes, int threads, Action<ComparisonRun> finished, CancellationToken interrupted)
    {
        Queue<ComparisonRun> waiting = new(runs);
        List<(ComparisonRun Run, Process Process, Task<string> Error)> working = [];
        try
        {
            while ((waiting.Count > 0 || working.Count > 0) && !interrupted.IsCancellationRequested)
            {
                while (working.Count < processes && waiting.TryDequeue(out ComparisonRun? next))
                {
                    Process process = Start(next, threads);
                    working.Add((next, process, process.StandardError.ReadToEndAsync(CancellationToken.None)));
                }
                if (working.FindIndex(static one => one.Process.HasExited) is not (>= 0 and int index))
                {
                    interrupted.WaitHandle.WaitOne(Patience);
                    continue;
                }
                (ComparisonRun run, Process ended, Task<string> error) = working[index];
                working.RemoveAt(index);
                using (ended)
                    if (ended.ExitCode != ExitCode.Done) throw new SwitchyardException($"the run {run.Path} failed: {error.Result.ReplaceLineEndings(" ").Trim()}", $"see what is wrong with: switchyard train --resume {run.Path}");
                finished(run);
            }
        }
        finally
        {
            foreach ((_, Process process, _) in working)
            {
                process.Kill();
                process.WaitForExit();
                process.Dispose();
            }
        }
    }

    private static Process Start(ComparisonRun run, int threads)
    {
        string[] arguments = ["train", "--resume", run.Path, "--quiet", "--threads", threads.ToString(CultureInfo.InvariantCulture)];
        // The program is a library of the runtime, or compiled for the machine.
        string library = Path.Combine(AppContext.BaseDirectory, "switchyard.dll");
        ProcessStartInfo start = File.Exists(library) ? new("dotnet", [library, .. arguments]) : new(Environment.ProcessPath!, arguments);
        (start.RedirectStandardError, start.RedirectStandardOutput) = (true, true);
        Process process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }
}

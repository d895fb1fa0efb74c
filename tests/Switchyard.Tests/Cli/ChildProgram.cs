using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Switchyard.Tests.Cli;

/// <summary>The program as a process of its own, to be killed and signalled.</summary>
internal sealed class ChildProgram : IDisposable
{
    private const int Sigterm = 15;
    private const int Sigkill = 9;

    private readonly Process _process;
    private readonly StringBuilder _error = new();

    private ChildProgram(Process process)
    {
        _process = process;
        _process.OutputDataReceived += (_, line) => LastLine = string.IsNullOrEmpty(line.Data) ? LastLine : line.Data;
        _process.ErrorDataReceived += (_, line) => _error.AppendLine(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    /// <summary>The last line of standard output so far.</summary>
    public string LastLine { get; private set; } = "";

    /// <summary>Starts it with arguments; the tests' own build of it.</summary>
    public static ChildProgram Start(params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "switchyard.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return new ChildProgram(Process.Start(start)!);
    }

    /// <summary>The launcher of MPI; null where it is not installed.</summary>
    public static string? Mpirun => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(static folder => Path.Combine(folder, "mpirun")).FirstOrDefault(File.Exists);

    /// <summary>Starts it as several ranks of one machine. A signal to mpirun reaches them after so many seconds, and leaves them as many to save.</summary>
    public static ChildProgram StartUnderMpirun(int ranks, int seconds, params string[] arguments)
    {
        // The ranks write to terminals that mpirun reads.
        ProcessStartInfo start = new(Mpirun!, ["--allow-run-as-root", "--oversubscribe", "--mca", "odls_base_sigkill_timeout", $"{seconds}", "-np", $"{ranks}", "dotnet", Path.Combine(AppContext.BaseDirectory, "switchyard.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["TERM"] = "xterm" },
        };
        return new ChildProgram(Process.Start(start)!);
    }

    /// <summary>SIGKILL to one of the processes that it started, in their order.</summary>
    public void KillChild(int index)
    {
        int[] children = [.. File.ReadAllText($"/proc/{Id}/task/{Id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).Order()];
        Assert.Equal(0, Signal(children[index], Sigkill));
    }

    /// <summary>Runs it to its end.</summary>
    /// <returns>The exit code, and what it wrote to standard error.</returns>
    public static (int Code, string Error) Run(params string[] arguments)
    {
        using ChildProgram program = Start(arguments);
        return program.End();
    }

    /// <summary>SIGKILL, which no program can answer.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>SIGTERM.</summary>
    public void Terminate() => Assert.Equal(0, Signal(Id, Sigterm));

    /// <summary>Waits for the end.</summary>
    public (int Code, string Error) End()
    {
        _process.WaitForExit();
        return (_process.ExitCode, _error.ToString());
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);
}

using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Switchyard.Tests.Cli;

/// <summary>The program as a process of its own, to be killed and signalled.</summary>
internal sealed class ChildProgram : IDisposable
{
    private const int Sigterm = 15;

    private readonly Process _process;
    private readonly StringBuilder _error = new();

    private ChildProgram(Process process)
    {
        _process = process;
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += (_, line) => _error.AppendLine(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

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

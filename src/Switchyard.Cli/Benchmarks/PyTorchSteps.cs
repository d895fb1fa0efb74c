using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Switchyard.Tensors;

namespace Switchyard.Cli.Benchmarks;

/// <summary>
/// The training steps of the reference model in PyTorch, where the machine has it: a Python process that takes one
/// step whenever it is asked to. The program never needs it.
/// </summary>
internal sealed class PyTorchSteps : IDisposable
{
    // The first may be one that somebody built without PyTorch, the second is the system's, where a package puts it.
    private static readonly string[] Interpreters = ["python3", "/usr/bin/python3"];

    private readonly Process _process;

    private PyTorchSteps(Process process, string version) => (_process, Name) = (process, $"pytorch {version}");

    /// <summary>PyTorch and its version.</summary>
    public string Name { get; }

    /// <summary>Starts the process; null where there is no PyTorch.</summary>
    /// <param name="threads">With how many threads it computes.</param>
    public static PyTorchSteps? Start(int threads)
    {
        using StreamReader script = new(typeof(PyTorchSteps).Assembly.GetManifestResourceStream("training_step.py")!);
        string source = script.ReadToEnd();
        foreach (string interpreter in Interpreters)
        {
            if (Start(interpreter, source, threads) is not { } process) continue;
            if (process.StandardOutput.ReadLine() is { } version) return new PyTorchSteps(process, version);
            process.Dispose();
        }
        return null;
    }

    /// <summary>Takes a step.</summary>
    /// <returns>The seconds that it took.</returns>
    public double Run()
    {
        _process.StandardInput.WriteLine();
        return Answer()[0];
    }

    /// <summary>What PyTorch makes of given weights and tokens. Its later steps begin from these weights.</summary>
    /// <param name="weights">All parameters of the model, in its order.</param>
    /// <param name="windows">Int32 [windows, tokens + 1].</param>
    /// <returns>The loss, and the norm of all gradients together.</returns>
    public (double Loss, double GradientNorm) Evaluate(IEnumerable<Tensor> weights, Tensor windows)
    {
        _process.StandardInput.WriteLine("evaluate");
        _process.StandardInput.Flush();
        Stream bytes = _process.StandardInput.BaseStream;
        foreach (Tensor weight in weights) bytes.Write(MemoryMarshal.AsBytes(weight.AsReadOnlySpan<float>()));
        bytes.Write(MemoryMarshal.AsBytes(windows.AsReadOnlySpan<int>()));
        double[] answer = Answer();
        return (answer[0], answer[1]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private double[] Answer()
    {
        _process.StandardInput.Flush();
        string line = _process.StandardOutput.ReadLine()
            ?? throw new SwitchyardException($"{Name} ended in the middle of the benchmark", "run src/Switchyard.Cli/Benchmarks/training_step.py by hand to see why, or remove PyTorch");
        return Array.ConvertAll(line.Split(' '), static number => double.Parse(number, CultureInfo.InvariantCulture));
    }

    private static Process? Start(string interpreter, string source, int threads)
    {
        string count = threads.ToString(CultureInfo.InvariantCulture);
        ProcessStartInfo start = new(interpreter, ["-c", source, count])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["OMP_NUM_THREADS"] = start.Environment["OPENBLAS_NUM_THREADS"] = count;
        try
        {
            Process process = Process.Start(start)!;
            // What it has to say about a missing PyTorch is nobody's business, and a full pipe would stop it.
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            return process;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Switchyard.Cli.Benchmarks;

/// <summary>
/// The large matrix products with 256-bit vectors on both sides. Each side chooses its vectors once per process, by an
/// environment variable: so another process of this program measures them.
/// </summary>
internal static class NarrowVectorSuite
{
    private const string Group = "gemm-avx2/";

    /// <summary>All of them.</summary>
    public static IEnumerable<Benchmark> Create(IEnumerable<Benchmark> products) => products
        .Where(product => product.Name.StartsWith(MatrixProductSuite.Large, StringComparison.Ordinal))
        .Select(product => new InOtherProcess(product.Name));

    private sealed class InOtherProcess(string product) : Benchmark(Group + product[MatrixProductSuite.Large.Length..])
    {
        public override BenchmarkRow Measure(int threads, int rounds, CancellationToken interrupted)
        {
            ProcessStartInfo start = Self();
            foreach (string word in (string[])["bench", "kernels", "--filter", product, "--json", "--quiet", "--threads", Text(threads), "--rounds", Text(rounds)]) start.ArgumentList.Add(word);
            start.Environment["SWITCHYARD_ISA"] = "avx2";
            start.Environment["OPENBLAS_CORETYPE"] = "Haswell";
            (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
            using Process process = Process.Start(start)!;
            using CancellationTokenRegistration stop = interrupted.Register(process.Kill);
            Task<string> error = process.StandardError.ReadToEndAsync(CancellationToken.None);
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            interrupted.ThrowIfCancellationRequested();
            if (process.ExitCode != 0) throw new SwitchyardException($"{Name} could not be measured: {error.Result.Trim()}", "this machine may lack 256-bit vectors: leave these rows out with --filter");
            return BenchmarkRow.FromJson(JsonNode.Parse(output)!["rows"]![0]!) with { Name = Name };
        }

        // This very program: a file of its own, or an assembly that dotnet runs.
        private static ProcessStartInfo Self() => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "switchyard"
            ? new ProcessStartInfo(Environment.ProcessPath!)
            : new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "switchyard.dll")]);

        private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }
}

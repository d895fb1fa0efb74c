using System.Diagnostics;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Serving;
using Switchyard.Tensors;

namespace Switchyard.Cli.Benchmarks;

/// <summary>How long it takes until a ranker with a table of ten million vectors of 32 numbers serves, against the two seconds it may take.</summary>
internal sealed class LargeTableBenchmark() : Benchmark("rank/table-10m")
{
    private const int Rows = 10_000_000, Width = 32, Candidates = 300;
    private const double Limit = 2000;

    /// <inheritdoc/>
    public override BenchmarkRow Measure(int threads, int rounds, CancellationToken interrupted)
    {
        string folder = Directory.CreateTempSubdirectory("switchyard-bench-").FullName;
        try
        {
            string run = Path.Combine(folder, "run");
            LargeTable.Write(run, Rows, Width);
            RankingRequest request = SampleRequests.Draw(FeatureSchema.Read(Path.Combine(run, FeatureSchema.FileName)), Candidates, new Philox(1));
            Candidate[] candidates = [.. request.Candidates];
            RankedCandidate[] top = new RankedCandidate[10];
            double[] loading = new double[rounds], first = new double[rounds];
            long before = GC.GetTotalAllocatedBytes(), resident = Environment.WorkingSet;
            for (int round = 0; round < rounds; round++)
            {
                interrupted.ThrowIfCancellationRequested();
                long started = Stopwatch.GetTimestamp();
                using Ranker ranker = Ranker.Load(run);
                loading[round] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                started = Stopwatch.GetTimestamp();
                ranker.Rank(request.Query, candidates, top);
                first[round] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            }
            double load = MatrixPeak.Median(loading);
            return new BenchmarkRow(Name, threads, load, "ms")
            {
                Limit = "2 s to load",
                OfLimit = load / Limit,
                Figures =
                [
                    new("first_request_ms", MatrixPeak.Median(first)),
                    new("table_mb", (Rows + 1.0) * Width * sizeof(float) / 1e6),
                    new("allocated_mb", (GC.GetTotalAllocatedBytes() - before) / 1e6 / rounds),
                    new("resident_mb", (Environment.WorkingSet - resident) / 1e6),
                ],
            };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

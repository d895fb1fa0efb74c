using System.Diagnostics;
using Switchyard.Experts.Gates;
using Switchyard.Ranking.Networks;
using Switchyard.Ranking.Runs;
using Switchyard.Ranking.Serving;
using Switchyard.Ranking.Simulation;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli.Benchmarks;

/// <summary>Whole requests to a ranker with eight experts, on as many threads as are asked for, against the rate of a large matrix product.</summary>
/// <param name="candidates">Candidates of a request.</param>
internal sealed class RankBenchmark(int candidates) : Benchmark($"rank/{candidates}")
{
    private const int RequestsPerRound = 100;

    /// <summary>A shared layer of 512, eight experts of 256 and 128, three tasks with towers of 64.</summary>
    private static readonly NetworkOptions Network = new() { SharedWidths = [512], Experts = 8, ExpertWidths = [256, 128], TowerWidths = [64], Gate = new SoftOptions() };

    /// <inheritdoc />
    public override BenchmarkRow Measure(int threads, int rounds, CancellationToken interrupted)
    {
        WorkerPool.Threads = threads;
        string folder = Directory.CreateTempSubdirectory("switchyard-bench-").FullName;
        try
        {
            string run = Path.Combine(folder, "run");
            Write(run);
            long started = Stopwatch.GetTimestamp();
            using Ranker ranker = Ranker.Load(run);
            double loading = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            return Measure(ranker, threads, rounds, loading, interrupted);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private BenchmarkRow Measure(Ranker ranker, int threads, int rounds, double loading, CancellationToken interrupted)
    {
        RankingRequest request = SampleRequests.Draw(SimulatedLog.Schema, candidates, new Philox(1));
        using MatrixPeak.Operands operands = new();
        double[] rates = new double[rounds], peaks = new double[rounds];
        List<double> latencies = [];
        for (int round = -1; round < rounds; round++)
        {
            interrupted.ThrowIfCancellationRequested();
            double peak = operands.Run();
            long started = Stopwatch.GetTimestamp();
            double[][] own = Requests(ranker, request, threads);
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            if (round < 0) continue;
            (rates[round], peaks[round]) = ((double)threads * RequestsPerRound * candidates / seconds, peak);
            foreach (double[] thread in own) latencies.AddRange(thread);
        }
        double rate = MatrixPeak.Median(rates);
        double[] sorted = [.. latencies.Order()];
        return new BenchmarkRow(Name, threads, rate, "cand./s")
        {
            Limit = "own matrix peak",
            OfLimit = rate * ranker.FlopsPerCandidate / MatrixPeak.Median(peaks),
            Figures =
            [
                new("p50_ms", sorted[sorted.Length / 2]),
                new("p95_ms", sorted[(int)(0.95 * sorted.Length)]),
                new("p99_ms", sorted[(int)(0.99 * sorted.Length)]),
                new("bytes_per_request", ServingCheck.Allocated(ranker, request)),
                new("load_ms", loading),
            ],
        };
    }

    /// <summary>Milliseconds of each request, thread by thread.</summary>
    private static double[][] Requests(Ranker ranker, RankingRequest request, int threads)
    {
        double[][] milliseconds = [.. Enumerable.Range(0, threads).Select(static _ => new double[RequestsPerRound])];
        Thread[] running = [.. milliseconds.Select(own => new Thread(() =>
        {
            Candidate[] all = [.. request.Candidates];
            RankedCandidate[] top = new RankedCandidate[20];
            for (int i = 0; i < own.Length; i++)
            {
                long started = Stopwatch.GetTimestamp();
                ranker.Rank(request.Query, all, top);
                own[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            }
        }))];
        foreach (Thread thread in running) thread.Start();
        foreach (Thread thread in running) thread.Join();
        return milliseconds;
    }

    // What a model knows does not change what it costs: it is not trained.
    private static void Write(string run)
    {
        RankingOptions options = new() { Network = Network, Simulation = new SimulationOptions { Pages = 50, HeldOutPages = 50 } };
        using RankingData data = RankingData.Simulate(options.Simulation);
        using RankingTraining training = RankingTraining.Begin(run, options, data);
        training.Finish();
    }
}

using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Runs;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Serving;

/// <summary>One thing that serving must hold, and what was found.</summary>
/// <param name="Name">What.</param>
/// <param name="Value">What was found.</param>
/// <param name="Limit">The most that is good.</param>
public readonly record struct ServingFinding(string Name, double Value, double Limit)
{
    /// <summary>Whether it holds.</summary>
    public bool Holds => Value <= Limit;
}

/// <summary>Checks that a trained ranker serves as it was trained: with requests that look like its data.</summary>
/// <param name="folder">The run.</param>
public sealed class ServingCheck(string folder)
{
    private const int Candidates = 300;
    private const int WarmUp = 20;
    private const int Requests = 50;
    private const int Reloads = 5;

    /// <summary>Makes all checks.</summary>
    public IReadOnlyList<ServingFinding> Run()
    {
        using Ranker ranker = Ranker.Load(folder), plain = Ranker.LoadUncalibrated(folder);
        using RankingRun run = RankingRun.Open(folder);
        RankingRequest request = SampleRequests.Draw(run.Schema, Candidates, new Philox(1));
        return
        [
            new("largest difference, before calibration and relative to 1 or the score, of scores in a batch and one by one", OneByOne(plain, request), 1e-6),
            new("largest difference, before calibration and relative to 1 or the score, of scores in serving and in training", Reference(plain, run, request), 1e-5),
            new("answers to a request that names a position", AnswersToPosition(ranker, run.Schema), 0),
            new("equal candidates out of the order of their ids", OutOfOrder(ranker, run.Schema), 0),
            new("bytes allocated by a request after warm-up", Allocated(ranker, request), 0),
            new("requests that failed while new versions were loaded", FailedDuringReload(ranker, request), 0),
        ];
    }

    /// <summary>The scores by task of all candidates [candidates, tasks].</summary>
    internal static double[] ScoresOf(Ranker ranker, RankingQuery query, IReadOnlyList<Candidate> candidates)
    {
        int tasks = ranker.Tasks.Count;
        RankedCandidate[] ranked = new RankedCandidate[candidates.Count];
        double[] byRank = new double[candidates.Count * tasks], byPlace = new double[byRank.Length];
        ranker.Rank(query, [.. candidates], ranked, byRank);
        for (int rank = 0; rank < ranked.Length; rank++) byRank.AsSpan(rank * tasks, tasks).CopyTo(byPlace.AsSpan(ranked[rank].Place * tasks));
        return byPlace;
    }

    /// <summary>Bytes that requests allocate on this thread, once it has ranked.</summary>
    internal static double Allocated(Ranker ranker, RankingRequest request)
    {
        Candidate[] candidates = [.. request.Candidates];
        RankedCandidate[] top = new RankedCandidate[10];
        for (int i = 0; i < WarmUp; i++) ranker.Rank(request.Query, candidates, top);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Requests; i++) ranker.Rank(request.Query, candidates, top);
        return (double)(GC.GetAllocatedBytesForCurrentThread() - before) / Requests;
    }

    private static double OneByOne(Ranker ranker, RankingRequest request)
        => LargestDifference(ScoresOf(ranker, request.Query, request.Candidates), [.. request.Candidates.SelectMany(candidate => ScoresOf(ranker, request.Query, [candidate]))]);

    private static double Reference(Ranker ranker, RankingRun run, RankingRequest request)
    {
        ExampleLayout layout = run.Model.Scorer.Layout;
        RowEncoder encoder = new(layout);
        int[] words = new int[request.Candidates.Count * layout.Words];
        for (int row = 0; row < request.Candidates.Count; row++)
        {
            Dictionary<string, string> cells = new(request.Query.Cells);
            foreach ((string column, string cell) in request.Candidates[row].Cells) cells[column] = cell;
            encoder.Features(column => cells.GetValueOrDefault(column, ""), static (column, cell, _) => new SwitchyardException($"column {column}: '{cell}'"), words.AsSpan(row * layout.Words, layout.Words));
        }
        ScoredExamples scored = ScoredExamples.Of(run.Model.Scorer, new MemoryExamples(layout, words));
        double[] expected = [.. Enumerable.Range(0, request.Candidates.Count).SelectMany(row => scored.Scores.Select(scores => scores[row]))];
        return LargestDifference(ScoresOf(ranker, request.Query, request.Candidates), expected);
    }

    private static double AnswersToPosition(Ranker ranker, FeatureSchema schema)
    {
        if (schema.Position is not { } place) return 0;
        RankingRequest sample = SampleRequests.Draw(schema, 1, new Philox(2));
        Dictionary<string, string> cells = new(sample.Candidates[0].Cells) { [place.Column] = "1" };
        try
        {
            ScoresOf(ranker, sample.Query, [new Candidate(1, cells)]);
            return 1;
        }
        catch (SwitchyardException)
        {
            return 0;
        }
    }

    private static double OutOfOrder(Ranker ranker, FeatureSchema schema)
    {
        RankingRequest sample = SampleRequests.Draw(schema, 1, new Philox(3));
        Candidate[] twins = [.. ((long[])[9, 4, 7, 1, 12]).Select(id => new Candidate(id, sample.Candidates[0].Cells))];
        RankedCandidate[] ranked = new RankedCandidate[twins.Length];
        ranker.Rank(sample.Query, twins, ranked);
        return ranked.Zip(ranked.OrderBy(static one => one.Id), static (got, expected) => got.Id != expected.Id ? 1 : 0).Sum();
    }

    private double FailedDuringReload(Ranker ranker, RankingRequest request)
    {
        int failed = 0;
        bool isOver = false;
        Thread[] threads = [.. Enumerable.Range(0, Math.Max(2, Environment.ProcessorCount)).Select(_ => new Thread(() =>
        {
            Candidate[] candidates = [.. request.Candidates];
            RankedCandidate[] top = new RankedCandidate[10];
            while (!Volatile.Read(ref isOver))
            {
                try
                {
                    if (ranker.Rank(request.Query, candidates, top).Count != top.Length) Interlocked.Increment(ref failed);
                }
                catch (Exception)
                {
                    Interlocked.Increment(ref failed);
                }
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        for (int i = 0; i < Reloads; i++) ranker.Reload(folder);
        Volatile.Write(ref isOver, true);
        foreach (Thread thread in threads) thread.Join();
        return failed;
    }

    private static double LargestDifference(double[] a, double[] b) => a.Zip(b, static (x, y) => Math.Abs(x - y) / Math.Max(1, Math.Abs(y))).Max();
}

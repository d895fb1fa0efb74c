using Switchyard.Ranking.Features;

namespace Switchyard.Ranking.Serving;

/// <summary>How a request went.</summary>
/// <param name="Count">How many candidates were ranked: as many as were asked for, unless there are fewer.</param>
/// <param name="Scored">How many were looked at before time was up.</param>
/// <param name="InTime">Whether all were.</param>
public readonly record struct RankingOutcome(int Count, int Scored, bool InTime);

/// <summary>
/// Ranks candidates with a trained model. Any number of threads may; once each has ranked, a request allocates nothing. A new
/// version can be taken into use under load: requests that have begun end with the old one.
/// </summary>
public sealed class Ranker : IDisposable
{
    private readonly TimeProvider _clock;
    private readonly Func<string, ServingModel> _load;
    private Lease _lease;

    private Ranker(string folder, Func<string, ServingModel> load, TimeProvider clock) => (_lease, _load, _clock) = (new Lease(load(folder)), load, clock);

    /// <summary>The tasks, in the order of their scores.</summary>
    public IReadOnlyList<TaskColumn> Tasks => Volatile.Read(ref _lease).Model.Tasks;

    /// <summary>Floating-point operations of a candidate in products.</summary>
    public double FlopsPerCandidate => Volatile.Read(ref _lease).Model.FlopsPerCandidate;

    /// <summary>Loads the folder of a run. Tables stay in the file and are read as they are needed.</summary>
    /// <param name="folder">What <c>rank train</c> has written.</param>
    /// <param name="clock">Measures deadlines; that of the system if null.</param>
    /// <param name="combination">How the scores of the tasks become one, <c>sum</c>, <c>product</c> or an expression in the names of the tasks; null for as the run has it.</param>
    /// <exception cref="SwitchyardException">There is no trained ranker, its files do not fit together, or the combination is none.</exception>
    public static Ranker Load(string folder, TimeProvider? clock = null, string? combination = null)
        => new(folder, path => new ServingModel(path, combination), clock ?? TimeProvider.System);

    /// <summary>The same with the heads as they were trained, for comparison: a steep calibration magnifies what is only rounding.</summary>
    internal static Ranker LoadUncalibrated(string folder) => new(folder, static path => new ServingModel(path, isCalibrated: false), TimeProvider.System);

    /// <summary>Takes another version into use. Where it cannot be loaded, the old one stays.</summary>
    /// <param name="folder">What <c>rank train</c> has written.</param>
    /// <exception cref="SwitchyardException">There is no trained ranker, or its files do not fit together.</exception>
    public void Reload(string folder)
    {
        Lease before = Interlocked.Exchange(ref _lease, new Lease(_load(folder)));
        before.Release();
    }

    /// <summary>Ranks candidates by one mixture of the tasks' scores, the largest first; of equals the lowest id.</summary>
    /// <param name="query">Who asks, and in what context.</param>
    /// <param name="candidates">What may be ranked.</param>
    /// <param name="top">Where the best go; as many as it holds.</param>
    /// <param name="taskScores">Where their scores by task go, as many as there are tasks for each; empty for none.</param>
    /// <param name="limit">Time after which the best of those looked at are taken; null for none.</param>
    /// <param name="weights">How the tasks weigh, as exponents where scores are multiplied; empty for the schema's.</param>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    /// <exception cref="SwitchyardException">A feature is not what the schema says, or a position is among them.</exception>
    public RankingOutcome Rank(
        RankingQuery query, ReadOnlySpan<Candidate> candidates, Span<RankedCandidate> top, Span<double> taskScores = default, TimeSpan? limit = null, ReadOnlySpan<double> weights = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        long deadline = limit is { } time ? _clock.GetTimestamp() + (long)(time.TotalSeconds * _clock.TimestampFrequency) : long.MaxValue;
        Lease lease = Take();
        try
        {
            ServingModel model = lease.Model;
            int tasks = model.Tasks.Count;
            if (!weights.IsEmpty && !model.IsWeighted) throw new ArgumentException("weights for an expression, which has its own: give none");
            if (!weights.IsEmpty && weights.Length != tasks) throw new ArgumentException($"{weights.Length} weights for {tasks} tasks: give one each");
            if (!taskScores.IsEmpty && taskScores.Length < (long)tasks * Math.Min(top.Length, candidates.Length)) throw new ArgumentException($"room for {taskScores.Length} scores of {tasks} tasks: give {tasks} for each candidate asked for");
            Workspace workspace = model.Workspace;
            workspace.Hold(candidates.Length, top.Length);
            int scored = model.Score(query, candidates, weights.IsEmpty ? model.Weights : weights, deadline, _clock);
            int count = TopCandidates.Select(workspace.Ids.AsSpan(0, scored), workspace.Scores.AsSpan(0, scored), workspace.Top.AsSpan(0, top.Length));
            for (int rank = 0; rank < count; rank++)
            {
                int place = workspace.Top[rank];
                top[rank] = new RankedCandidate(workspace.Ids[place], place, workspace.Scores[place]);
                if (!taskScores.IsEmpty) workspace.TaskScores.AsSpan(place * tasks, tasks).CopyTo(taskScores[(rank * tasks)..]);
            }
            return new RankingOutcome(count, scored, scored == candidates.Length);
        }
        finally
        {
            lease.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lease.Release();

    // A version may be replaced between reading it and holding it: then the next is taken.
    private Lease Take()
    {
        while (true)
        {
            Lease lease = Volatile.Read(ref _lease);
            if (lease.TryHold()) return lease;
            ObjectDisposedException.ThrowIf(ReferenceEquals(lease, Volatile.Read(ref _lease)), this);
        }
    }

    /// <summary>Keeps a version until the last request that uses it has ended.</summary>
    private sealed class Lease(ServingModel model)
    {
        private int _holders = 1;

        public ServingModel Model => model;

        public bool TryHold()
        {
            while (true)
            {
                int holders = Volatile.Read(ref _holders);
                if (holders == 0) return false;
                if (Interlocked.CompareExchange(ref _holders, holders + 1, holders) == holders) return true;
            }
        }

        public void Release()
        {
            if (Interlocked.Decrement(ref _holders) == 0) model.Dispose();
        }
    }
}

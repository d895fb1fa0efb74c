using System.IO.MemoryMappedFiles;
using Switchyard.Modules.Safetensors;
using Switchyard.Ranking.Bias;
using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Metrics;
using Switchyard.Ranking.Networks;
using Switchyard.Ranking.Runs;
using Switchyard.Tensors;
using Switchyard.Training;

namespace Switchyard.Ranking.Serving;

/// <summary>One version of a model, laid out for serving. It never changes; any number of threads may use it.</summary>
internal sealed class ServingModel : IDisposable
{
    private readonly ServingFeatures _features;
    private readonly HeadCalibration _calibration;
    private readonly ServingPlan _plan = new();
    private readonly Place _candidates;
    private readonly Place _query;
    private readonly Place[] _logits;
    private readonly double[] _weights;
    private readonly Combining _combine;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly ThreadLocal<Workspace> _workspaces;

    /// <summary>Loads what <c>rank train</c> has written.</summary>
    /// <param name="folder">The run.</param>
    /// <param name="combination">How the scores of the tasks become one; null for as the run has it.</param>
    /// <param name="isCalibrated">Whether the heads' probabilities are made true.</param>
    /// <exception cref="SwitchyardException">It is not there, damaged, or does not fit together.</exception>
    public ServingModel(string folder, string? combination = null, bool isCalibrated = true)
    {
        RankingOptions options = RankingOptions.Read(RunFolder.Open(folder).ConfigPath);
        FeatureSchema schema = RankingRun.ReadSchema(folder, options);
        ExampleLayout layout = new(schema);
        Tasks = schema.Tasks;
        _calibration = isCalibrated ? HeadCalibration.Read(folder, Tasks.Count) : HeadCalibration.None(Tasks.Count);
        _weights = [.. Tasks.Select(static task => task.ScoreWeight)];
        combination ??= options.Combination;
        _combine = ScoreCombination.Parse(combination, schema.TaskNames);
        IsWeighted = ScoreCombination.Weighted.Contains(combination);

        string path = Path.Combine(folder, RankingTraining.ModelFile);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        using Scorer scorer = new(layout, options.Network, PositionInput.For(schema, options.Debiasing, new Philox(0)), new Philox(0), withTables: false);
        using (TensorScope scope = new()) scorer.Load(name => file.Header.Find(name) is { } entry ? file.ReadTensor(entry) : null);
        scorer.Train(false);
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _features = new ServingFeatures(layout, [.. layout.SparseFeatures.Select((feature, i) => MappedTable.Open(file, _view, Scorer.TableName(i), feature, scorer.Poolings[i]?.Query.ToArray<float>()))], scorer.Position?.Served(schema.Position!.DeviceCount) ?? []);

        _candidates = _plan.Reserve(_features.CandidateWidth);
        _query = _plan.ReserveShared(_features.QueryWidth);
        _logits = ServingNetwork.Compile(_plan, scorer, new ServingInput(_candidates, _query.Width > 0 ? _query : null, _features.ColumnOf));
        _workspaces = new ThreadLocal<Workspace>(() => new Workspace(_plan.Numbers, Tasks.Count));
    }

    /// <summary>The tasks.</summary>
    public IReadOnlyList<TaskColumn> Tasks { get; }

    /// <summary>Whether scores are weighed; an expression has its weights in it.</summary>
    public bool IsWeighted { get; }

    /// <summary>How the scores of the tasks weigh in the one that ranks, unless a request says otherwise.</summary>
    public ReadOnlySpan<double> Weights => _weights;

    /// <summary>Floating-point operations of a candidate in products.</summary>
    public double FlopsPerCandidate => _plan.Flops;

    /// <summary>The memory of the calling thread.</summary>
    public Workspace Workspace => _workspaces.Value!;

    /// <summary>Encodes the features of one side.</summary>
    /// <inheritdoc cref="ServingFeatures.Encode"/>
    public int[] Encode(IReadOnlyDictionary<string, string> cells, FeatureSide side) => _features.Encode(cells, side);

    /// <summary>Scores candidates block by block until they are done or time is up, into the thread's workspace.</summary>
    /// <param name="query">Who asks.</param>
    /// <param name="candidates">What may be ranked.</param>
    /// <param name="weights">How the tasks weigh.</param>
    /// <param name="deadline">A time stamp of the clock from which on no block is begun, beside the first.</param>
    /// <param name="clock">The clock.</param>
    /// <returns>How many were scored.</returns>
    public int Score(RankingQuery query, ReadOnlySpan<Candidate> candidates, ReadOnlySpan<double> weights, long deadline, TimeProvider clock)
    {
        Workspace workspace = Workspace;
        float[] numbers = workspace.Numbers;
        ReadOnlySpan<int> asked = query.Words(this, FeatureSide.Query);
        _features.FillQuery(asked, numbers.AsSpan(_query.Start, _query.Width));
        _plan.Begin(numbers);
        int done = 0;
        while (done < candidates.Length && (done == 0 || clock.GetTimestamp() < deadline))
        {
            int rows = Math.Min(ServingPlan.BlockRows, candidates.Length - done);
            for (int row = 0; row < rows; row++)
            {
                Candidate candidate = candidates[done + row];
                _features.FillCandidate(candidate.Words(this, FeatureSide.Candidate), asked, _candidates.Row(numbers, row));
                workspace.Ids[done + row] = candidate.Id;
            }
            _plan.Run(numbers, rows);
            for (int row = 0; row < rows; row++) workspace.Scores[done + row] = Combine(numbers, row, workspace.TaskScores.AsSpan((done + row) * _logits.Length, _logits.Length), weights);
            done += rows;
        }
        return done;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _workspaces.Dispose();
        _view.Dispose();
        _file.Dispose();
    }

    private double Combine(float[] numbers, int row, Span<double> scores, ReadOnlySpan<double> weights)
    {
        for (int task = 0; task < scores.Length; task++)
        {
            float logit = numbers[_logits[task].Start + row * _logits[task].Stride];
            scores[task] = Tasks[task].Kind == TaskKind.Binary ? _calibration.Of(task, 1 / (1 + Math.Exp(-(double)logit))) : logit;
        }
        return _combine(scores, weights);
    }
}

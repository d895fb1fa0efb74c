using Switchyard.Collectives;
using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;
using Switchyard.Training.Checkpoints;
using Switchyard.Training.Ranks;
using Switchyard.Training.Reports;

namespace Switchyard.Training;

/// <summary>
/// Trains: steps, records, evaluations and checkpoints, until the plan is done or it is cancelled. A run folder that
/// holds checkpoints is gone on with, and comes to the same bits as one that was never interrupted.
/// </summary>
public sealed class Trainer
{
    private readonly TrainingTask _task;
    private readonly TrainingPlan _plan;
    private readonly RunFolder _run;
    private readonly TrainingObserver _observer;
    private readonly TimeProvider _clock;
    private readonly long? _totalSteps;
    private readonly ProcessGroup? _group;
    private RankedModel? _ranks;

    /// <summary>Prepares a training.</summary>
    /// <param name="task">What is learnt.</param>
    /// <param name="plan">How long and how fast.</param>
    /// <param name="run">Where records and checkpoints go.</param>
    /// <param name="observer">Whom to tell; nobody if null.</param>
    /// <param name="clock">Measures time; that of the system if null.</param>
    /// <param name="ranks">
    /// The ranks that train the model together, each with a task whose loss is over its share of a micro-batch; null for
    /// one. Rank 0 writes; all must see the run folder.
    /// </param>
    /// <exception cref="ArgumentException">The plan cannot be carried out.</exception>
    public Trainer(TrainingTask task, TrainingPlan plan, RunFolder run, TrainingObserver? observer = null, TimeProvider? clock = null, ProcessGroup? ranks = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(run);
        plan.Check();
        (_task, _plan, _run) = (task, plan, run);
        (_observer, _clock) = (observer ?? new TrainingObserver(), clock ?? TimeProvider.System);
        _totalSteps = plan.TotalSteps(task.TokensPerMicroBatch);
        _group = ranks;
    }

    /// <summary>Trains to the end of the plan, from the newest good checkpoint if there is one.</summary>
    /// <param name="cancellation">Ends the training after the step under way, with a checkpoint.</param>
    /// <exception cref="SwitchyardException">
    /// The loss or a gradient is not finite; the checkpoints are damaged or those of another model; the disk is full;
    /// or another process trains in the folder.
    /// </exception>
    /// <exception cref="ProcessGroupException">The ranks cannot go on together.</exception>
    public TrainingResult Run(CancellationToken cancellation = default)
    {
        using RankedModel? ranks = _ranks = _group is null ? null : new RankedModel(_task.Model, _group);
        using IDisposable? folderLock = IsWriter ? _run.Lock() : null;
        using AdamW optimiser = new(_task.Model.Parameters(), _plan.Beta1, _plan.Beta2, _plan.Epsilon, _plan.WeightDecay);
        if (IsWriter) _run.Checkpoints.RemoveLeftovers();
        _ranks?.Ranks.Barrier();
        TrainingState saved = Start(optimiser), state = saved;
        _ranks?.CheckSameStep(state.Step);
        Evaluation? evaluation = null;
        if (state.EvaluationPending) (state, evaluation) = EvaluateLate(state, cancellation);
        using MetricsFile? metrics = IsWriter ? MetricsFile.Resume(_run.MetricsPath, state.Step) : null;
        StepRunner runner = new(_task, _plan, optimiser, _ranks);
        long started = _clock.GetTimestamp(), tokensRecorded = state.Tokens;
        double secondsBefore = state.ElapsedSeconds, secondsTrained = 0;
        RankTimes? times = _ranks is null ? null : new(_ranks, _clock);

        while (!IsDone(state) && !IsCancelled(cancellation))
        {
            double rate = LearningRate(state);
            long stepStarted = _clock.GetTimestamp();
            _task.BeginStep(Progress(state));
            times?.Begin();
            StepFigures figures = Step(runner, state, rate);
            times?.End();
            secondsTrained += _clock.GetElapsedTime(stepStarted).TotalSeconds;
            state = state with
            {
                Step = state.Step + 1,
                Tokens = state.Tokens + figures.Tokens,
                MicroBatches = state.MicroBatches + _plan.MicroBatchesPerStep,
                ElapsedSeconds = Agreed(secondsBefore + _clock.GetElapsedTime(started).TotalSeconds),
            };

            bool evaluates = IsDone(state) || state.Step % _plan.EvaluateEvery == 0;
            if (evaluates) (state, evaluation) = Evaluate(state, cancellation);
            if (evaluates || state.Step % _plan.RecordEvery == 0)
            {
                StepMetrics record = new()
                {
                    Step = state.Step,
                    Tokens = state.Tokens,
                    TrainLoss = figures.Loss,
                    LearningRate = rate,
                    GradientNorm = figures.GradientNorm,
                    TokensPerSecond = secondsTrained > 0 ? (state.Tokens - tokensRecorded) / secondsTrained : 0,
                    ValidationLoss = evaluates ? evaluation?.Loss : null,
                    Layers = figures.Layers,
                    Ranks = times?.Gather(),
                };
                if (times?.Slow() is { } slow) _observer.Warned?.Invoke(slow);
                metrics?.Append(record);
                _observer.Recorded?.Invoke(record);
                (tokensRecorded, secondsTrained) = (state.Tokens, 0);
            }
            if (state.Step % _plan.CheckpointEvery == 0) saved = Save(state, optimiser);
        }
        if (state != saved) Save(state, optimiser);
        return new TrainingResult(!IsDone(state) || state.EvaluationPending, state, evaluation);
    }

    private bool IsWriter => _ranks is null || _ranks.Ranks.Rank == 0;

    // What decides the course of a training must be the same on every rank.
    private bool IsCancelled(CancellationToken cancellation) => _ranks?.Agree(cancellation.IsCancellationRequested, 0).Any ?? cancellation.IsCancellationRequested;

    private double Agreed(double seconds) => _ranks?.Agree(false, seconds).Most ?? seconds;

    private StepFigures Step(StepRunner runner, TrainingState state, double rate)
    {
        try
        {
            StepFigures figures = runner.Run(state.Step, state.MicroBatches, rate);
            _task.EndStep();
            return figures;
        }
        catch (ProcessGroupException failure)
        {
            throw new ProcessGroupException($"step {state.Step + 1}: {failure.Message}", "the last checkpoint is good: resume the run from it, on as many ranks as there are");
        }
    }

    /// <summary>Where training begins: at the newest good checkpoint, or at nothing.</summary>
    private TrainingState Start(Optimiser optimiser)
    {
        if (_run.Checkpoints.OpenNewest(_observer.Warned) is not { } checkpoint)
            return new TrainingState { Format = TrainingState.CurrentFormat, Model = _task.ModelDescription, Seed = _plan.Seed, Step = 0, Tokens = 0, MicroBatches = 0, ElapsedSeconds = 0 };
        TrainingState state = checkpoint.State;
        if (state.Model != _task.ModelDescription)
            throw new SwitchyardException($"{checkpoint.Path} is a checkpoint of another model: '{state.Model}', where '{_task.ModelDescription}' is trained", "resume with the configuration that the run began with, or train in another folder");
        if (state.Seed != _plan.Seed)
            throw new SwitchyardException($"{checkpoint.Path} was trained with seed {state.Seed}, not {_plan.Seed}", "resume with the seed that the run began with, or train in another folder");
        checkpoint.Load(_task.Model, _ranks?.Shards);
        checkpoint.Load(optimiser, _ranks?.Shards);
        _observer.Resumed?.Invoke(checkpoint.Path, state);
        return state;
    }

    private bool IsDone(TrainingState state)
        => _plan.Minutes is { } minutes ? state.ElapsedSeconds >= minutes * 60
            : _plan.Tokens is { } tokens ? state.Tokens >= tokens
            : state.Step >= _plan.Steps;

    private double LearningRate(TrainingState state)
        => _totalSteps is { } total ? _plan.LearningRate.At(state.Step, total) : _plan.LearningRate.At(state.Step, Progress(state));

    private double Progress(TrainingState state)
        => _totalSteps is { } total ? (double)state.Step / total : state.ElapsedSeconds / (_plan.Minutes!.Value * 60);

    /// <summary>Evaluates, unless it is cancelled: the state then says that it is still to be done.</summary>
    private (TrainingState State, Evaluation? Evaluation) Evaluate(TrainingState state, CancellationToken cancellation)
    {
        using Gradients.Pause pause = Gradients.Paused();
        using TensorScope scope = new();
        _task.Model.Train(false);
        try
        {
            // Ranks evaluate together: none may turn back alone.
            Evaluation evaluation = _task.Evaluate(_observer.Working, _ranks is null ? cancellation : CancellationToken.None);
            _observer.Evaluated?.Invoke(state.Step, evaluation);
            double best = state.BestValidation is { } before && !(evaluation.Loss < before) ? before : evaluation.Loss;
            return (state with { BestValidation = best, EvaluationPending = false }, evaluation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return (state with { EvaluationPending = true }, null);
        }
        finally
        {
            _task.Model.Train();
        }
    }

    /// <summary>Does the evaluation in which the run was interrupted, and puts it into the record of its step.</summary>
    private (TrainingState State, Evaluation? Evaluation) EvaluateLate(TrainingState state, CancellationToken cancellation)
    {
        (state, Evaluation? evaluation) = Evaluate(state, cancellation);
        if (evaluation is null || !IsWriter || !File.Exists(_run.MetricsPath)) return (state, evaluation);
        StepMetrics? record = MetricsFile.Read(_run.MetricsPath).FirstOrDefault(record => record.Step == state.Step);
        if (record is null) return (state, evaluation);
        using MetricsFile metrics = MetricsFile.Resume(_run.MetricsPath, state.Step - 1);
        metrics.Append(record with { ValidationLoss = evaluation.Loss });
        return (state, evaluation);
    }

    private TrainingState Save(TrainingState state, Optimiser optimiser)
    {
        using TensorScope gathered = new();
        (string, Tensor)[] model = [.. Whole(_task.Model.State())], ofOptimiser = [.. Whole(optimiser.State)];
        if (!IsWriter) return state;
        string folder = _run.Checkpoints.Save(state, model, ofOptimiser, _plan.KeepCheckpoints);
        _observer.Saved?.Invoke(folder);
        return state;

        IEnumerable<(string, Tensor)> Whole(IEnumerable<(string, Tensor)> tensors) => _ranks?.Shards.Whole(tensors) ?? tensors;
    }
}

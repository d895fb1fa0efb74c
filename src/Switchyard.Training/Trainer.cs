using Switchyard.Collectives;
using Switchyard.Modules;
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
        using IDisposable? folderLock = IsWriter ? _run.Lock() : null;
        if (IsWriter) _run.Checkpoints.RemoveLeftovers();
        _group?.Barrier();
        Optimiser optimiser = Start(out TrainingState state);
        try
        {
            _ranks?.CheckSameStep(state.Step);
            return Run(state, ref optimiser, cancellation);
        }
        finally
        {
            optimiser.Dispose();
            _ranks?.Dispose();
        }
    }

    /// <summary>Writes a checkpoint of the beginning, where the model's values do not follow from the seed.</summary>
    /// <exception cref="SwitchyardException">The disk is full, or another process trains in the folder.</exception>
    public void SaveBeginning()
    {
        using IDisposable folderLock = _run.Lock();
        using Optimiser optimiser = NewOptimiser();
        Save(Beginning(), optimiser);
    }

    private TrainingResult Run(TrainingState state, ref Optimiser optimiser, CancellationToken cancellation)
    {
        TrainingState saved = state;
        Evaluation? evaluation = null;
        if (state.EvaluationPending) (state, evaluation) = EvaluateLate(state, cancellation);
        using MetricsFile? metrics = IsWriter ? MetricsFile.Resume(_run.MetricsPath, state.Step) : null;
        StepRunner runner = new(_task, _plan, optimiser, _ranks);
        long started = _clock.GetTimestamp(), tokensRecorded = state.Tokens;
        double secondsBefore = state.ElapsedSeconds, secondsTrained = 0;
        RankTimes? times = _group is null ? null : new(_group, _clock);

        while (!IsDone(state) && !IsCancelled(cancellation))
        {
            bool isNewPhase = state.IsPhaseOver;
            if (isNewPhase)
            {
                state = Enter(state, ref optimiser, evaluation, cancellation);
                runner = new(_task, _plan, optimiser, _ranks);
                saved = Save(state, optimiser);
            }
            TrainingPhase phase = _task.Phases[state.Phase];
            double rate = LearningRate(state);
            long stepStarted = _clock.GetTimestamp();
            _task.BeginStep(phase.ProgressAt(state.PhaseStart, Progress(state)));
            times?.Begin();
            StepFigures figures = Step(runner, state, rate);
            times?.End();
            secondsTrained += _clock.GetElapsedTime(stepStarted).TotalSeconds;
            state = state with
            {
                Step = state.Step + 1,
                Tokens = state.Tokens + figures.Tokens,
                MicroBatches = state.MicroBatches + _plan.MicroBatchesPerStep,
                Flops = state.Flops + figures.Tokens * _task.FlopsPerToken(figures.Layers),
                ElapsedSeconds = Agreed(secondsBefore + _clock.GetElapsedTime(started).TotalSeconds),
            };
            state = state with { IsPhaseOver = state.Phase < _task.Phases.Count - 1 && !IsDone(state) && phase.EndsWith(Progress(state), figures.Layers) };

            bool evaluates = IsDone(state) || state.IsPhaseOver || state.Step % _plan.EvaluateEvery == 0;
            if (evaluates) (state, evaluation) = Evaluate(state, cancellation);
            if (evaluates || isNewPhase || state.Step % _plan.RecordEvery == 0)
            {
                StepMetrics record = new()
                {
                    Step = state.Step,
                    Tokens = state.Tokens,
                    TrainLoss = figures.Loss,
                    LearningRate = rate,
                    GradientNorm = figures.GradientNorm,
                    TokensPerSecond = secondsTrained > 0 ? (state.Tokens - tokensRecorded) / secondsTrained : 0,
                    Phase = _task.Phases.Count > 1 ? phase.Name : null,
                    Flops = state.Flops > 0 ? state.Flops : null,
                    Layers = figures.Layers,
                    Ranks = times?.Gather(),
                };
                if (times?.Slow() is { } slow) _observer.Warned?.Invoke(slow);
                if (evaluates) record = WithEvaluation(record, evaluation);
                metrics?.Append(record);
                _observer.Recorded?.Invoke(record);
                (tokensRecorded, secondsTrained) = (state.Tokens, 0);
            }
            if (state.Step % _plan.CheckpointEvery == 0) saved = Save(state, optimiser);
        }
        if (state != saved) Save(state, optimiser);
        return new TrainingResult(!IsDone(state) || state.EvaluationPending, state, evaluation);
    }

    private bool IsWriter => _group is null || _group.Rank == 0;

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
    private Optimiser Start(out TrainingState state)
    {
        if (_run.Checkpoints.OpenNewest(_observer.Warned) is not { } checkpoint)
        {
            state = Beginning();
            Join();
            return NewOptimiser();
        }
        state = checkpoint.State;
        if (state.Phase < 0 || state.Phase >= _task.Phases.Count)
            throw new SwitchyardException($"{checkpoint.Path} is a checkpoint of phase {state.Phase + 1}, and the training has {_task.Phases.Count}", "resume with the configuration that the run began with, or train in another folder");
        _task.Enter(state.Phase)?.Dispose();
        if (state.Model != _task.ModelDescription)
            throw new SwitchyardException($"{checkpoint.Path} is a checkpoint of another model: '{state.Model}', where '{_task.ModelDescription}' is trained", "resume with the configuration that the run began with, or train in another folder");
        if (state.Seed != _plan.Seed)
            throw new SwitchyardException($"{checkpoint.Path} was trained with seed {state.Seed}, not {_plan.Seed}", "resume with the seed that the run began with, or train in another folder");
        Join();
        checkpoint.Load(_task.Model, _ranks?.Shards);
        Optimiser optimiser = NewOptimiser();
        checkpoint.Load(optimiser, _ranks?.Shards);
        _observer.Resumed?.Invoke(checkpoint.Path, state);
        return optimiser;
    }

    /// <summary>Takes the model of the phase for that of all ranks.</summary>
    private void Join() => _ranks = _group is null ? null : new RankedModel(_task.Model, _group);

    private TrainingState Beginning()
        => new() { Format = TrainingState.CurrentFormat, Model = _task.ModelDescription, Seed = _plan.Seed, Step = 0, Tokens = 0, MicroBatches = 0, ElapsedSeconds = 0 };

    private Optimiser NewOptimiser() => _task.MakeOptimiser(_plan);

    /// <summary>Begins the phase that follows: the model and the optimiser become those of the phase, made of what they were.</summary>
    private TrainingState Enter(TrainingState state, ref Optimiser optimiser, Evaluation? before, CancellationToken cancellation)
    {
        state = state with { Phase = state.Phase + 1, PhaseStart = Progress(state), IsPhaseOver = false };
        using (Module? former = _task.Enter(state.Phase))
        {
            if (former is not null)
            {
                using TensorScope scope = new();
                using Gradients.Pause pause = Gradients.Paused();
                _ranks?.Dispose();
                Join();
                _task.CarryFrom(former);
                Optimiser next = NewOptimiser();
                next.GoOnFrom(optimiser, (name, find) => _task.Carry(name, find, isMoment: true));
                optimiser.Dispose();
                optimiser = next;
            }
        }
        state = state with { Model = _task.ModelDescription };
        // Before the first step, so that what is evaluated is what that step begins with.
        _task.BeginStep(0);
        // Ranks measure together, also those whose observer does not ask.
        bool isAsked = _observer.Entered is not null;
        if (_ranks?.Agree(isAsked, 0).Any ?? isAsked)
        {
            PhaseEntry entry = new(state.Step, _task.Phases[state.Phase], before?.Loss, Measure(cancellation)?.Loss);
            _observer.Entered?.Invoke(entry);
        }
        return state;
    }

    private bool IsDone(TrainingState state)
        => _plan.Minutes is { } minutes ? state.ElapsedSeconds >= minutes * 60
            : _plan.Tokens is { } tokens ? state.Tokens >= tokens
            : _plan.Flops is { } flops ? state.Flops >= flops
            : state.Step >= _plan.Steps;

    private double LearningRate(TrainingState state)
        => _totalSteps is { } total ? _plan.LearningRate.At(state.Step, total) : _plan.LearningRate.At(state.Step, Progress(state));

    private double Progress(TrainingState state)
        => _totalSteps is { } total ? (double)state.Step / total
            : _plan.Flops is { } flops ? state.Flops / flops
            : state.ElapsedSeconds / (_plan.Minutes!.Value * 60);

    /// <summary>Evaluates, unless it is cancelled: the state then says that it is still to be done.</summary>
    private (TrainingState State, Evaluation? Evaluation) Evaluate(TrainingState state, CancellationToken cancellation)
    {
        if (Measure(cancellation) is not { } evaluation) return (state with { EvaluationPending = true }, null);
        _observer.Evaluated?.Invoke(state.Step, evaluation);
        double best = state.BestValidation is { } before && !(evaluation.Loss < before) ? before : evaluation.Loss;
        return (state with { BestValidation = best, EvaluationPending = false }, evaluation);
    }

    /// <summary>Evaluates; null where it is cancelled.</summary>
    private Evaluation? Measure(CancellationToken cancellation)
    {
        using Gradients.Pause pause = Gradients.Paused();
        using TensorScope scope = new();
        _task.Model.Train(false);
        try
        {
            // Ranks evaluate together: none may turn back alone.
            return _task.Evaluate(_observer.Working, _ranks is null ? cancellation : CancellationToken.None);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
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
        metrics.Append(WithEvaluation(record, evaluation));
        return (state, evaluation);
    }

    private static StepMetrics WithEvaluation(StepMetrics record, Evaluation? evaluation)
        => record with { ValidationLoss = evaluation?.Loss, Figures = evaluation?.Figures, ValidationLayers = evaluation?.Layers is { Count: > 0 } layers ? layers : null };

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

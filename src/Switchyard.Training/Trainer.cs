using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;
using Switchyard.Training.Checkpoints;
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

    /// <summary>Prepares a training.</summary>
    /// <param name="task">What is learnt.</param>
    /// <param name="plan">How long and how fast.</param>
    /// <param name="run">Where records and checkpoints go.</param>
    /// <param name="observer">Whom to tell; nobody if null.</param>
    /// <param name="clock">Measures time; that of the system if null.</param>
    /// <exception cref="ArgumentException">The plan cannot be carried out.</exception>
    public Trainer(TrainingTask task, TrainingPlan plan, RunFolder run, TrainingObserver? observer = null, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(run);
        plan.Check();
        (_task, _plan, _run) = (task, plan, run);
        (_observer, _clock) = (observer ?? new TrainingObserver(), clock ?? TimeProvider.System);
        _totalSteps = plan.TotalSteps(task.TokensPerMicroBatch);
    }

    /// <summary>Trains to the end of the plan, from the newest good checkpoint if there is one.</summary>
    /// <param name="cancellation">Ends the training after the step under way, with a checkpoint.</param>
    /// <exception cref="SwitchyardException">
    /// The loss or a gradient is not finite; the checkpoints are damaged or those of another model; the disk is full;
    /// or another process trains in the folder.
    /// </exception>
    public TrainingResult Run(CancellationToken cancellation = default)
    {
        using IDisposable folderLock = _run.Lock();
        using Optimiser optimiser = _task.MakeOptimiser(_plan);
        _run.Checkpoints.RemoveLeftovers();
        TrainingState saved = Start(optimiser), state = saved;
        Evaluation? evaluation = null;
        if (state.EvaluationPending) (state, evaluation) = EvaluateLate(state, cancellation);
        using MetricsFile metrics = MetricsFile.Resume(_run.MetricsPath, state.Step);
        StepRunner runner = new(_task, _plan, optimiser);
        long started = _clock.GetTimestamp(), tokensRecorded = state.Tokens;
        double secondsBefore = state.ElapsedSeconds, secondsTrained = 0;

        while (!IsDone(state) && !cancellation.IsCancellationRequested)
        {
            double rate = LearningRate(state);
            long stepStarted = _clock.GetTimestamp();
            _task.BeginStep(Progress(state));
            StepFigures figures = runner.Run(state.Step, state.MicroBatches, rate);
            _task.EndStep();
            secondsTrained += _clock.GetElapsedTime(stepStarted).TotalSeconds;
            state = state with
            {
                Step = state.Step + 1,
                Tokens = state.Tokens + figures.Tokens,
                MicroBatches = state.MicroBatches + _plan.MicroBatchesPerStep,
                ElapsedSeconds = secondsBefore + _clock.GetElapsedTime(started).TotalSeconds,
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
                    Figures = evaluates ? evaluation?.Figures : null,
                    Layers = figures.Layers,
                };
                metrics.Append(record);
                _observer.Recorded?.Invoke(record);
                (tokensRecorded, secondsTrained) = (state.Tokens, 0);
            }
            if (state.Step % _plan.CheckpointEvery == 0) saved = Save(state, optimiser);
        }
        if (state != saved) Save(state, optimiser);
        return new TrainingResult(!IsDone(state) || state.EvaluationPending, state, evaluation);
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
        checkpoint.Load(_task.Model);
        checkpoint.Load(optimiser);
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
            Evaluation evaluation = _task.Evaluate(_observer.Working, cancellation);
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
        if (evaluation is null || !File.Exists(_run.MetricsPath)) return (state, evaluation);
        StepMetrics? record = MetricsFile.Read(_run.MetricsPath).FirstOrDefault(record => record.Step == state.Step);
        if (record is null) return (state, evaluation);
        using MetricsFile metrics = MetricsFile.Resume(_run.MetricsPath, state.Step - 1);
        metrics.Append(record with { ValidationLoss = evaluation.Loss, Figures = evaluation.Figures });
        return (state, evaluation);
    }

    private TrainingState Save(TrainingState state, Optimiser optimiser)
    {
        string folder = _run.Checkpoints.Save(state, _task.Model, optimiser, _plan.KeepCheckpoints);
        _observer.Saved?.Invoke(folder);
        return state;
    }
}

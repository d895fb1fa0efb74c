using Switchyard.Modules;
using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;
using Switchyard.Training.Reports;

namespace Switchyard.Training;

/// <summary>What is learnt: a model, the loss of a micro-batch, and a measure of success.</summary>
public abstract class TrainingTask
{
    /// <summary>What learns.</summary>
    public abstract Module Model { get; }

    /// <summary>
    /// The model in one line that is different for every configuration, such as <c>decoder, 4 layers, width 256,
    /// 8 experts</c>. A checkpoint is refused where it differs.
    /// </summary>
    public abstract string ModelDescription { get; }

    /// <summary>How many tokens, or examples, a micro-batch has; on average, where they differ.</summary>
    public abstract long TokensPerMicroBatch { get; }

    /// <summary>What a loss is counted per: <c>token</c>, or <c>example</c>.</summary>
    public virtual string Unit => "token";

    /// <summary>Makes what changes the model: AdamW for all of its parameters, unless a task knows better. The trainer disposes it.</summary>
    /// <param name="plan">How fast.</param>
    public virtual Optimiser MakeOptimiser(TrainingPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new AdamW(Model.Parameters(), plan.Beta1, plan.Beta2, plan.Epsilon, plan.WeightDecay);
    }

    /// <summary>The phases of the training in order, at least one.</summary>
    public virtual IReadOnlyList<TrainingPhase> Phases { get; } = [new TrainingPhase { Name = "training" }];

    /// <summary>
    /// Makes <see cref="Model"/> that of a phase. Its values are then read from a checkpoint, or made of the former ones by
    /// <see cref="Carry"/>. A task begins in its first phase.
    /// </summary>
    /// <param name="phase">Its place among <see cref="Phases"/>.</param>
    /// <returns>The model before, which the caller disposes of; null where it stays.</returns>
    public virtual Module? Enter(int phase) => null;

    /// <summary>The value with which a tensor of the model begins the phase just entered.</summary>
    /// <param name="name">The name of a parameter or buffer.</param>
    /// <param name="former">Gives the value that a name had before, or null.</param>
    /// <param name="isMoment">Whether the values are an optimiser's averages of gradients, instead of what is learnt.</param>
    /// <returns>The value; null for as it was made, or 0 for a moment.</returns>
    public virtual Tensor? Carry(string name, Func<string, Tensor?> former, bool isMoment)
    {
        ArgumentNullException.ThrowIfNull(former);
        return former(name);
    }

    /// <summary>Gives the model of the phase just entered its values, made of those of the model before.</summary>
    /// <exception cref="SwitchyardException">A value has another shape than the tensor that it is for.</exception>
    public void CarryFrom(Module former)
    {
        ArgumentNullException.ThrowIfNull(former);
        Dictionary<string, Tensor> values = former.State().ToDictionary(static state => state.Name, static state => state.Tensor);
        foreach ((string name, Tensor target) in Model.State())
        {
            if (Carry(name, values.GetValueOrDefault, isMoment: false) is not { } value) continue;
            if (value.Shape != target.Shape) throw new SwitchyardException($"tensor {name} has shape {value.Shape} before the phase, and {target.Shape} in it", "let the models of two phases differ in nothing but their experts and gates");
            target.CopyFrom(value);
        }
    }

    /// <summary>Floating-point operations of training on a token, forward and backward; 0 where nobody has counted them.</summary>
    /// <param name="layers">The routing: what a mixture layer costs depends on how many experts a token has.</param>
    public virtual double FlopsPerToken(IReadOnlyList<LayerMetrics> layers) => 0;

    /// <summary>Told before every optimiser step how far its phase has come: schedules of the model's own follow it.</summary>
    /// <param name="progress">From 0, at the first step, to 1 at the end.</param>
    public virtual void BeginStep(double progress)
    {
    }

    /// <summary>Told after every optimiser step: buffers of the model that are no parameters are corrected here.</summary>
    public virtual void EndStep()
    {
    }

    /// <summary>The loss of one micro-batch: a pure function of the arguments and of the model.</summary>
    /// <param name="microBatch">Its number, from 0 up over the whole training.</param>
    /// <param name="random">The stream of this micro-batch, for dropout and noise.</param>
    public abstract TaskLoss Loss(long microBatch, Philox random);

    /// <summary>Measures the model on held-out data. It is called with the model out of training and no gradients recorded.</summary>
    /// <param name="progress">Is told how far it has come, or null.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    public abstract Evaluation Evaluate(IProgress<WorkProgress>? progress, CancellationToken cancellation);

    /// <summary>
    /// Where the first value that is not finite stands, for the message that ends a training; null if it is not known.
    /// </summary>
    /// <param name="loss">The loss of the micro-batch, in its scope, after <see cref="Tensor.Backward(Tensor?, bool)"/> if that was run.</param>
    public virtual string? FirstNonFinite(Tensor loss)
    {
        List<(string Name, Tensor Tensor)> parameters = [.. Model.Parameters()];
        foreach ((string name, Tensor parameter) in parameters)
            if (!NonFiniteSearch.IsFinite(parameter)) return $"the parameter {name}";

        if (NonFiniteSearch.LastLeafBefore(loss) is { } leaf)
        {
            string? name = parameters.Find(parameter => ReferenceEquals(parameter.Tensor, leaf)).Name;
            return name is null ? null : $"what was computed with {name}";
        }

        // Gradients come up from the last layer to the first.
        for (int i = parameters.Count - 1; i >= 0; i--)
            if (parameters[i].Tensor.Gradient is { } gradient && !NonFiniteSearch.IsFinite(gradient)) return $"the gradient of {parameters[i].Name}";
        return null;
    }
}

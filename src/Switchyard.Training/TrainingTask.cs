using Switchyard.Modules;
using Switchyard.Tensors;

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

    /// <summary>Told before every optimiser step how far training has come: schedules of the model's own follow it.</summary>
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

using Switchyard.Experts.Ranks;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>Decides which experts see a token, and writes the decision down as a <see cref="Routing"/>.</summary>
public abstract class Gate : Module
{
    /// <summary>Makes a gate over a number of experts.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no expert.</exception>
    protected Gate(int experts)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(experts);
        Experts = experts;
    }

    /// <summary>How many experts there are to choose from.</summary>
    public int Experts { get; }

    /// <summary>How many of the gate's weights are tables: a token looks up a row of them and multiplies by none of the others.</summary>
    public virtual long TableParameterCount => 0;

    /// <summary>Routes tokens.</summary>
    /// <param name="tokens">Hidden vectors [tokens, width].</param>
    /// <param name="context">What the gate may use beside them.</param>
    public abstract Routing Route(Tensor tokens, RoutingContext context);

    /// <summary>
    /// Routes tokens that are part of a batch over several ranks, as all of them together would be routed: losses, slots and
    /// balance are those of the whole batch, on every rank the same.
    /// </summary>
    /// <param name="tokens">This rank's hidden vectors [own tokens, width].</param>
    /// <param name="context">What the gate may use beside them.</param>
    /// <param name="batch">The tokens of all ranks.</param>
    /// <returns>The routing of this rank's tokens, with the losses and statistics of all.</returns>
    public virtual Routing Route(Tensor tokens, RoutingContext context, RankedBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return batch.Own(Route(batch.Whole(tokens), batch.Whole(context)));
    }

    /// <summary>Told once, before training, what the text is like; a gate may make its tables from it.</summary>
    public virtual void Prepare(TokenStatistics text)
    {
    }

    /// <summary>Told before every optimiser step how far training has come; a gate may follow a schedule.</summary>
    /// <param name="progress">From 0, at the first step, to 1 at the end.</param>
    public virtual void BeginStep(double progress)
    {
    }

    /// <summary>Told after every optimiser step, when all its micro-batches have been routed; a gate may correct its buffers.</summary>
    public virtual void EndStep()
    {
    }
}

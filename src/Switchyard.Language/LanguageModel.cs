using Switchyard.Collectives;
using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Ranks;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Language;

/// <summary>What a forward pass gives.</summary>
/// <param name="Logits">Scores of the tokens of the vocabulary at every place [batch, tokens, vocabulary].</param>
/// <param name="Routings">The routing of every mixture layer, in order.</param>
public sealed record LanguageModelOutput(Tensor Logits, IReadOnlyList<Routing> Routings)
{
    /// <summary>The sum of all routing losses, or null if there are none.</summary>
    public Tensor? RoutingLoss()
    {
        Tensor? total = null;
        foreach (Routing routing in Routings)
            if (routing.TotalLoss() is { } loss) total = total is null ? loss : total + loss;
        return total;
    }
}

/// <summary>A model of text: <see cref="CausalModel"/> continues one, an encoder fills its gaps, an encoder and a decoder translate it.</summary>
public abstract class LanguageModel : Module
{
    // As they were before a rank kept only its share.
    private (long All, long Experts)? _counted;

    /// <summary>The dimensions.</summary>
    public abstract LanguageModelOptions Options { get; }

    /// <summary>
    /// Floating-point operations of one training step per token, forward and backward: 6 per active parameter that
    /// multiplies (an embedding only looks up), and those of attention.
    /// </summary>
    public abstract double TrainingFlopsPerToken { get; }

    /// <summary>How many numbers are learnt, by all ranks together.</summary>
    public long ParameterCount => _counted?.All ?? Parameters().Sum(static parameter => parameter.Tensor.Elements);

    /// <summary>How many of them work for one token: all but the experts that it does not choose.</summary>
    public long ActiveParameterCount
    {
        get
        {
            long experts = _counted?.Experts ?? Parameters().Where(static parameter => parameter.Name.Contains(".experts.", StringComparison.Ordinal)).Sum(static parameter => parameter.Tensor.Elements);
            return ParameterCount - experts + (Options.HasExperts ? (long)(experts * Options.Routing.ExpertsPerToken(Options.Experts) / Options.Experts) : 0);
        }
    }

    /// <summary>How many of those multiply: all but tables, of which a token looks up a row.</summary>
    /// <param name="embeddings">The weights of the model's own tables.</param>
    private protected long MultiplyingParameterCount(long embeddings)
        => ActiveParameterCount - embeddings - Modules().Select(static module => module.Module).OfType<Gate>().Sum(static gate => gate.TableParameterCount);

    /// <summary>The ranks that the experts are shared out among, and that go through a batch together; null for one.</summary>
    public ProcessGroup? Ranks { get; private set; }

    /// <summary>
    /// Shares the experts of every mixture out among ranks that hold the same model. From now on a forward pass is one of
    /// all ranks together, each with its own sequences. Every rank must call it.
    /// </summary>
    /// <param name="ranks">The ranks; the group stays the caller's.</param>
    /// <param name="queue">Lets tokens travel while experts work; it stays the caller's. Null to do one after the other.</param>
    /// <exception cref="ArgumentException">The experts are shared out already, or cannot be.</exception>
    public void Distribute(ProcessGroup ranks, ExchangeQueue? queue = null)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        if (Ranks is not null) throw new ArgumentException("the experts are shared out among ranks already");
        _counted = (ParameterCount, Parameters().Where(static parameter => parameter.Name.Contains(".experts.", StringComparison.Ordinal)).Sum(static parameter => parameter.Tensor.Elements));
        foreach (MoeLayer layer in Modules().Select(static module => module.Module).OfType<MoeLayer>().ToArray()) layer.Distribute(ranks, queue);
        Ranks = ranks;
    }

    /// <summary>What gates may look at, with the batch of all ranks that these tokens are part of.</summary>
    private protected RoutingContext OfAllRanks(RoutingContext context) => Ranks is null || !Options.HasExperts
        ? context
        : context with { Ranks = new RankedBatch(Ranks, (int)context.TokenIds!.Elements, context) };
}

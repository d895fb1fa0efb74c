using Switchyard.Collectives;
using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Ranks;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Language;

/// <summary>What a forward pass gives.</summary>
/// <param name="Logits">Scores of the next token [batch, tokens, vocabulary].</param>
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

/// <summary>A model that scores the next token at every place of a text.</summary>
public abstract class LanguageModel : Module
{
    /// <summary>The dimensions.</summary>
    public abstract LanguageModelOptions Options { get; }

    /// <summary>
    /// Floating-point operations of one training step per token, forward and backward: 6 per active parameter that
    /// multiplies (an embedding only looks up), and those of attention.
    /// </summary>
    public abstract double TrainingFlopsPerToken { get; }

    /// <summary>How many numbers are learnt.</summary>
    public long ParameterCount => Parameters().Sum(static parameter => parameter.Tensor.Elements);

    /// <summary>How many of them work for one token: all but the experts that it does not choose.</summary>
    public long ActiveParameterCount
    {
        get
        {
            long experts = Parameters().Where(static parameter => parameter.Name.Contains(".experts.", StringComparison.Ordinal)).Sum(static parameter => parameter.Tensor.Elements);
            return ParameterCount - experts + (Options.HasExperts ? (long)(experts * Options.Routing.ExpertsPerToken(Options.Experts) / Options.Experts) : 0);
        }
    }

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
        foreach (MoeLayer layer in Modules().Select(static module => module.Module).OfType<MoeLayer>().ToArray()) layer.Distribute(ranks, queue);
        Ranks = ranks;
    }

    /// <summary>The state at the beginning of one sequence, to go through it piece by piece.</summary>
    public abstract SequenceState NewState();

    /// <summary>Scores the next token at every place.</summary>
    /// <param name="ids">Int32 [batch, tokens]; one sequence where there is a state.</param>
    /// <param name="random">Dropout and router noise while training; null for none.</param>
    /// <param name="state">What came before, which then holds these tokens too; null at the beginning of every sequence.</param>
    public LanguageModelOutput Forward(Tensor ids, Philox? random = null, SequenceState? state = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        RoutingContext context = Context(ids, random, state);
        if (Ranks is not null && Options.HasExperts) context = context with { Ranks = new RankedBatch(Ranks, (int)ids.Elements, context) };
        LanguageModelOutput output = Forward(ids, context, state);
        if (state is not null && ids.Elements > 0) state.Advance(ids);
        return output;
    }

    /// <summary>Scores the next token at every place.</summary>
    /// <param name="ids">Int32 [batch, tokens].</param>
    /// <param name="context">What gates may look at, and the random numbers; it has the positions [batch · tokens].</param>
    /// <param name="state">What came before, or null.</param>
    protected abstract LanguageModelOutput Forward(Tensor ids, RoutingContext context, SequenceState? state);

    private static RoutingContext Context(Tensor ids, Philox? random, SequenceState? state)
    {
        int batch = ids.Shape[0], length = ids.Shape[1];
        Tensor previous = Tensor.Empty([batch * length], ElementType.Int32), places = Tensor.Empty([batch * length], ElementType.Int32);
        ReadOnlySpan<int> id = ids.AsReadOnlySpan<int>();
        Span<int> before = previous.AsSpan<int>(), place = places.AsSpan<int>();
        for (int start = 0; start < id.Length; start += length)
        {
            id.Slice(start, length - 1).CopyTo(before[(start + 1)..]);
            before[start] = state?.LastId ?? id[start];
            for (int i = 0; i < length; i++) place[start + i] = (state?.Length ?? 0) + i;
        }
        return new RoutingContext(random) { TokenIds = ids.Reshape([batch * length]), PreviousIds = previous, Positions = places, Sequences = batch };
    }
}

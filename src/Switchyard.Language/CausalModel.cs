using Switchyard.Experts.Gates;
using Switchyard.Tensors;

namespace Switchyard.Language;

/// <summary>A model that scores the next token at every place of a text.</summary>
public abstract class CausalModel : LanguageModel
{
    /// <summary>The state at the beginning of one sequence, to go through it piece by piece.</summary>
    public abstract SequenceState NewState();

    /// <summary>Scores the next token at every place.</summary>
    /// <param name="ids">Int32 [batch, tokens]; one sequence where there is a state.</param>
    /// <param name="random">Dropout and router noise while training; null for none.</param>
    /// <param name="state">What came before, which then holds these tokens too; null at the beginning of every sequence.</param>
    public LanguageModelOutput Forward(Tensor ids, Philox? random = null, SequenceState? state = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        RoutingContext context = OfAllRanks(TokenContext.Of(ids, random, state?.Length ?? 0, state?.LastId is { } last ? [last] : []));
        LanguageModelOutput output = Forward(ids, context, state);
        if (state is not null && ids.Elements > 0) state.Advance(ids);
        return output;
    }

    /// <summary>Scores the next token at every place.</summary>
    /// <param name="ids">Int32 [batch, tokens].</param>
    /// <param name="context">What gates may look at, and the random numbers; it has the positions [batch · tokens].</param>
    /// <param name="state">What came before, or null.</param>
    protected abstract LanguageModelOutput Forward(Tensor ids, RoutingContext context, SequenceState? state);
}

using Switchyard.Experts;
using Switchyard.Experts.Gates;
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
}

using Switchyard.Experts;

namespace Switchyard.Language.Masking;

/// <summary>How well a model guesses hidden tokens of a text.</summary>
/// <param name="Nats">Sum of -ln p over all hidden tokens.</param>
/// <param name="Guessed">How many tokens were hidden.</param>
/// <param name="Right">How many of them were the model's first guess.</param>
/// <param name="Layers">What the gate of each mixture layer did, over all tokens.</param>
public sealed record MaskedEvaluation(double Nats, long Guessed, long Right, IReadOnlyList<RoutingStatistics> Layers)
{
    /// <summary>The expert with the largest say in each of the first tokens, for every mixture layer; see <see cref="Routing.MainExperts"/>.</summary>
    public IReadOnlyList<int[]> MainExperts { get; init; } = [];

    /// <summary>The first window as the model saw it, with masks.</summary>
    public IReadOnlyList<int> FirstWindow { get; init; } = [];

    /// <summary>Mean surprise of a hidden token, in nats.</summary>
    public double NatsPerToken => Nats / Guessed;

    /// <summary>Share of the hidden tokens that were the first guess.</summary>
    public double Accuracy => (double)Right / Guessed;
}

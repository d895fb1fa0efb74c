using Switchyard.Experts;

namespace Switchyard.Language.Evaluations;

/// <summary>How well a model predicts a text.</summary>
/// <param name="Nats">Sum of -ln p over all predicted tokens.</param>
/// <param name="Tokens">How many tokens were predicted.</param>
/// <param name="Bytes">The bytes of text that they stand for.</param>
/// <param name="Layers">What the gate of each mixture layer did, over all tokens.</param>
public sealed record TextEvaluation(double Nats, long Tokens, long Bytes, IReadOnlyList<RoutingStatistics> Layers)
{
    /// <summary>The expert with the largest say in each of the first tokens, for every mixture layer; see <see cref="Routing.MainExperts"/>.</summary>
    public IReadOnlyList<int[]> MainExperts { get; init; } = [];

    /// <summary>Mean surprise of a token, in nats.</summary>
    public double NatsPerToken => Nats / Tokens;

    /// <summary>Mean surprise of a byte of text, in nats: comparable between tokenizers.</summary>
    public double NatsPerByte => Nats / Bytes;

    /// <summary>e to the nats per token.</summary>
    public double Perplexity => Math.Exp(NatsPerToken);

    /// <summary>Share of (token, expert) pairs that found no slot.</summary>
    public double DroppedFraction => RoutingStatistics.DroppedFractionOf(Layers);
}

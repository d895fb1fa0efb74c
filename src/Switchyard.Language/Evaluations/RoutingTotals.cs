using Switchyard.Experts;

namespace Switchyard.Language.Evaluations;

/// <summary>The routing statistics of batch after batch, layer by layer, as those of one batch.</summary>
internal sealed class RoutingTotals
{
    private const int FirstTokens = 256;

    private long _tokens;

    /// <summary>One of each mixture layer, in order.</summary>
    public IReadOnlyList<RoutingStatistics> Layers { get; private set; } = [];

    /// <summary>The expert with the largest say in each of the first tokens, for every mixture layer; see <see cref="Routing.MainExperts"/>.</summary>
    public IReadOnlyList<int[]> MainExperts { get; private set; } = [];

    /// <summary>Adds what the layers did with a batch.</summary>
    /// <param name="routings">One of each mixture layer.</param>
    /// <param name="tokens">How many tokens the batch has.</param>
    public void Add(IReadOnlyList<Routing> routings, long tokens)
    {
        if (_tokens == 0) MainExperts = [.. routings.Select(static routing => routing.MainExperts()[..Math.Min(FirstTokens, routing.Tokens)])];
        Layers = _tokens == 0
            ? [.. routings.Select(static routing => routing.Statistics)]
            : [.. Layers.Zip(routings, (sum, routing) => sum.Plus(routing.Statistics, _tokens, tokens))];
        _tokens += tokens;
    }
}

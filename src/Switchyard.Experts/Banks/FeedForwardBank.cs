using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Experts.Banks;

/// <summary>
/// Feed-forward experts as grouped matrix products: one weight tensor per projection holds all experts, and an
/// expert's cost is its rows.
/// </summary>
public sealed class FeedForwardBank : ExpertBank
{
    /// <summary>What the projection back is called: its columns are the inner units, which are the rows of the others.</summary>
    public const string DownName = "down_proj";

    private readonly FeedForwardActivation _activation;
    private readonly Tensor? _gate;
    private readonly Tensor _up;
    private readonly Tensor _down;

    /// <summary>Makes a bank.</summary>
    /// <param name="experts">How many experts.</param>
    /// <param name="width">Length of a hidden vector.</param>
    /// <param name="hidden">Inner width of each expert.</param>
    /// <param name="random">Draws the initial weights, normal.</param>
    /// <param name="deviation">Standard deviation of the initial gate and up projections.</param>
    /// <param name="downDeviation">Standard deviation of the initial down projection; null for the same.</param>
    /// <param name="activation">What happens between the projections.</param>
    public FeedForwardBank(
        int experts, int width, int hidden, Philox random, double deviation = 0.02, double? downDeviation = null,
        FeedForwardActivation activation = FeedForwardActivation.SwiGlu)
    {
        _activation = activation;
        if (activation == FeedForwardActivation.SwiGlu) _gate = AddParameter("gate_proj", Tensor.Normal([experts, hidden, width], 0, deviation, random));
        _up = AddParameter("up_proj", Tensor.Normal([experts, hidden, width], 0, deviation, random));
        _down = AddParameter(DownName, Tensor.Normal([experts, width, hidden], 0, downDeviation ?? deviation, random));
    }

    private FeedForwardBank(FeedForwardBank whole, int first, int count)
    {
        using Gradients.Pause pause = Gradients.Paused();
        _activation = whole._activation;
        if (whole._gate is not null) _gate = AddParameter("gate_proj", Taken(whole._gate));
        _up = AddParameter("up_proj", Taken(whole._up));
        _down = AddParameter("down_proj", Taken(whole._down));

        Tensor Taken(Tensor all) => all.Slice(0, first, first + count).Clone();
    }

    /// <inheritdoc/>
    public override int Experts => _up.Shape[0];

    /// <inheritdoc/>
    /// <remarks>Parameters hold one expert after the other along their first axis.</remarks>
    public override ExpertBank Part(int first, int count) => new FeedForwardBank(this, first, count);

    /// <inheritdoc/>
    public override Tensor Forward(Tensor rows, Tensor offsets)
    {
        Tensor? gate = _gate is null ? null : Tensor.GroupedLinear(rows, _gate, offsets); // [pairs, hidden]
        Tensor up = Tensor.GroupedLinear(rows, _up, offsets); // [pairs, hidden]
        return Tensor.GroupedLinear(_activation.Apply(gate, up), _down, offsets); // [pairs, width]
    }
}

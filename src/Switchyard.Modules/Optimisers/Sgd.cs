using System.Numerics;
using Switchyard.Tensors;

namespace Switchyard.Modules.Optimisers;

/// <summary>
/// Stochastic gradient descent, with momentum if asked for:
/// d = g + decay · p; buffer = momentum · buffer + (1 - dampening) · d, at the first step d itself; p -= rate · buffer,
/// or with Nesterov's look-ahead rate · (d + momentum · buffer) (Sutskever et al., ICML 2013, in PyTorch's form).
/// </summary>
public sealed class Sgd : Optimiser
{
    private readonly double _momentum;
    private readonly double _dampening;
    private readonly bool _nesterov;
    private readonly double[] _decay;
    private readonly Tensor[]? _buffers;

    /// <summary>Prepares to change some parameters.</summary>
    /// <param name="parameters">The parameters under their names.</param>
    /// <param name="momentum">How much of the last direction is kept, 0 to 1.</param>
    /// <param name="dampening">How much of the new gradient is left out of the momentum, 0 to 1.</param>
    /// <param name="nesterov">Whether to look ahead along the momentum.</param>
    /// <param name="decay">What decays; nothing if null. It is added to the gradient.</param>
    /// <exception cref="ArgumentException">Nesterov without momentum, or with dampening.</exception>
    public Sgd(IEnumerable<(string Name, Tensor Tensor)> parameters, double momentum = 0, double dampening = 0, bool nesterov = false, WeightDecay? decay = null)
        : base(parameters)
    {
        if (!(momentum is >= 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(momentum), momentum, "momentum is 0 or more and less than 1");
        if (!(dampening is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(dampening), dampening, "dampening is between 0 and 1");
        if (nesterov && (momentum == 0 || dampening != 0)) throw new ArgumentException("Nesterov's momentum needs a momentum above 0 and a dampening of 0", nameof(nesterov));
        (_momentum, _dampening, _nesterov) = (momentum, dampening, nesterov);
        _decay = (decay ?? WeightDecay.None).Rates(Parameters);
        if (momentum > 0) _buffers = AddState("buffer");
    }

    /// <inheritdoc/>
    protected override void Update(int index, Tensor parameter, Tensor gradient, double learningRate, double gradientFactor)
    {
        Tensor? buffer = _buffers?[index];
        if (parameter.Type == ElementType.Float32) Update<float>(parameter, gradient, buffer, _decay[index], learningRate, gradientFactor);
        else Update<double>(parameter, gradient, buffer, _decay[index], learningRate, gradientFactor);
    }

    private void Update<T>(Tensor parameter, Tensor gradient, Tensor? buffer, double decay, double learningRate, double gradientFactor)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> p = parameter.AsSpan<T>();
        ReadOnlySpan<T> g = gradient.AsReadOnlySpan<T>();
        Span<T> b = buffer is null ? [] : buffer.AsSpan<T>();
        T rate = T.CreateChecked(learningRate), factor = T.CreateChecked(gradientFactor), shrink = T.CreateChecked(decay);
        T kept = T.CreateChecked(Steps == 1 ? 0 : _momentum), added = T.CreateChecked(Steps == 1 ? 1 : 1 - _dampening), ahead = T.CreateChecked(_momentum);
        for (int i = 0; i < p.Length; i++)
        {
            T direction = g[i] * factor + shrink * p[i];
            if (!b.IsEmpty)
            {
                b[i] = kept * b[i] + added * direction;
                direction = _nesterov ? direction + ahead * b[i] : b[i];
            }
            p[i] -= rate * direction;
        }
    }
}

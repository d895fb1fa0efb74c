using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Modules.Optimisers;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019, algorithm 2, in PyTorch's form):
/// p *= 1 - rate · decay; m = β1 · m + (1 - β1) · g; v = β2 · v + (1 - β2) · g²;
/// p -= rate / (1 - β1ᵗ) · m / (√v / √(1 - β2ᵗ) + ε), with t from 1.
/// </summary>
public sealed class AdamW : Optimiser
{
    private readonly double _beta1;
    private readonly double _beta2;
    private readonly double _epsilon;
    private readonly double[] _decay;
    private readonly Tensor[] _means;
    private readonly Tensor[] _squares;

    /// <summary>Prepares to change some parameters.</summary>
    /// <param name="parameters">The parameters under their names.</param>
    /// <param name="beta1">How much of the running mean of gradients is kept at a step.</param>
    /// <param name="beta2">How much of the running mean of squared gradients is kept at a step.</param>
    /// <param name="epsilon">Added to the root in the denominator, after bias correction.</param>
    /// <param name="decay">What decays; nothing if null.</param>
    public AdamW(IEnumerable<(string Name, Tensor Tensor)> parameters, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, WeightDecay? decay = null)
        : base(parameters)
    {
        if (!(beta1 is >= 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(beta1), beta1, "beta1 is 0 or more and less than 1");
        if (!(beta2 is >= 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(beta2), beta2, "beta2 is 0 or more and less than 1");
        if (!(epsilon >= 0)) throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "epsilon is not negative");
        (_beta1, _beta2, _epsilon) = (beta1, beta2, epsilon);
        _decay = (decay ?? WeightDecay.None).Rates(Parameters);
        _means = AddState("m");
        _squares = AddState("v");
    }

    /// <inheritdoc/>
    protected override void Update(int index, Tensor parameter, Tensor gradient, double learningRate, double gradientFactor)
        => AdamWStep.AdamW(parameter, gradient, _means[index], _squares[index], gradientFactor, learningRate, _beta1, _beta2, _epsilon, _decay[index], Steps);
}

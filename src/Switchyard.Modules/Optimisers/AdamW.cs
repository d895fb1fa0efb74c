using System.Numerics;
using Switchyard.Tensors;

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
    {
        double keep = 1 - learningRate * _decay[index];
        double rate = learningRate / (1 - Math.Pow(_beta1, Steps));
        double rootCorrection = 1 / Math.Sqrt(1 - Math.Pow(_beta2, Steps));
        if (parameter.Type == ElementType.Float32) Update<float>(parameter, gradient, _means[index], _squares[index], keep, rate, rootCorrection, gradientFactor);
        else Update<double>(parameter, gradient, _means[index], _squares[index], keep, rate, rootCorrection, gradientFactor);
    }

    private void Update<T>(Tensor parameter, Tensor gradient, Tensor mean, Tensor square, double keep, double rate, double rootCorrection, double gradientFactor)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Span<T> p = parameter.AsSpan<T>(), m = mean.AsSpan<T>(), v = square.AsSpan<T>();
        ReadOnlySpan<T> gradients = gradient.AsReadOnlySpan<T>();
        T beta1 = T.CreateChecked(_beta1), beta2 = T.CreateChecked(_beta2), new1 = T.CreateChecked(1 - _beta1), new2 = T.CreateChecked(1 - _beta2);
        T epsilon = T.CreateChecked(_epsilon), factor = T.CreateChecked(gradientFactor);
        T kept = T.CreateChecked(keep), step = T.CreateChecked(rate), correction = T.CreateChecked(rootCorrection);
        for (int i = 0; i < p.Length; i++)
        {
            T g = gradients[i] * factor;
            m[i] = beta1 * m[i] + new1 * g;
            v[i] = beta2 * v[i] + new2 * g * g;
            p[i] = p[i] * kept - step * m[i] / (T.Sqrt(v[i]) * correction + epsilon);
        }
    }
}

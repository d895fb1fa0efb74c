using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;

namespace Switchyard.Experts.Classic;

/// <summary>
/// The M-step of experts that have no closed form: some steps of Adam up Σ h ln P - ½ ridge |w|², variances held. Where
/// they end lower than they began they are taken back, and the next ones are half as long: so the likelihood of the
/// mixture never falls (generalised EM; Dempster, Laird and Rubin 1977).
/// </summary>
internal sealed class ExpertAscent(ClassicMixture mixture, Tensor features, Tensor targets) : IDisposable
{
    private const int Steps = 25;
    private readonly AdamW _optimiser = new(mixture.Experts.Parameters());
    private double _rate = 0.02;

    public void Dispose() => _optimiser.Dispose();

    /// <param name="responsibilities">h, [rows, experts].</param>
    public void Climb(Tensor responsibilities)
    {
        (Tensor Parameter, Tensor Before)[] saved = [.. mixture.Experts.Parameters().Select(entry => (entry.Tensor, entry.Tensor.Clone()))];
        double before = 0;
        for (int step = 0; step < Steps; step++)
        {
            using TensorScope inner = new();
            Tensor loss = Loss(responsibilities);
            if (step == 0) before = loss.ToDouble();
            _optimiser.ClearGradients();
            loss.Backward();
            _optimiser.Step(_rate);
        }
        _optimiser.ClearGradients();
        using Gradients.Pause pause = Gradients.Paused();
        if (Loss(responsibilities).ToDouble() <= before) return;
        foreach ((Tensor parameter, Tensor old) in saved) parameter.CopyFrom(old);
        _rate /= 2;
    }

    private Tensor Loss(Tensor responsibilities)
    {
        Tensor loss = -(responsibilities * mixture.LogDensity(features, targets)).Sum();
        foreach ((_, Tensor parameter) in mixture.Experts.Parameters()) loss += parameter.Square().Sum() * (0.5 * mixture.Options.ExpertRidge);
        return loss / features.Shape[0];
    }
}

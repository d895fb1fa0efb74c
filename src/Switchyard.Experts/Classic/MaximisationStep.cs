using Switchyard.Tensors;

namespace Switchyard.Experts.Classic;

/// <summary>The M-step: every gate and every expert by itself, on all rows, weighted by the responsibilities h [rows, experts].</summary>
internal sealed class MaximisationStep : IDisposable
{
    private readonly ClassicMixture _mixture;
    private readonly Tensor _features;
    private readonly Tensor _targets;
    private readonly GateStep _gateStep;
    private readonly Tensor _design; // [rows, columns]
    private readonly Tensor _classes; // [rows, classes]; of a Bernoulli target 1 and 0, in this order
    private readonly ExpertAscent? _ascent;

    public MaximisationStep(ClassicMixture mixture, Tensor features, Tensor targets, GateStep gateStep)
    {
        (_mixture, _features, _targets, _gateStep) = (mixture, features, targets, gateStep);
        _design = mixture.Design(features);
        _classes = Options.Family == ExpertFamily.Bernoulli ? Tensor.Concat([targets, 1 - targets], 1) : targets;
        _ascent = mixture.Experts is LinearExperts ? null : new ExpertAscent(mixture, features, targets);
    }

    private MixtureOptions Options => _mixture.Options;

    public void Dispose() => _ascent?.Dispose();

    public void Maximise(Tensor h)
    {
        using TensorScope scope = new();
        _ascent?.Climb(h);
        using Gradients.Pause pause = Gradients.Paused();
        int[] frozen = ExpectationMaximisation.Collapsed(h);
        MaximiseGates(h);
        if (_mixture.Experts is LinearExperts linear) MaximiseLinear(linear.Weight, h, frozen);
        if (Options is { Family: ExpertFamily.Gaussian, LearnVariance: true }) MaximiseVariances(h, frozen);
    }

    private void MaximiseGates(Tensor h)
    {
        (int rows, int groups, int each) = (h.Shape[0], Options.Groups, Options.ExpertsPerGroup);
        Tensor branches = h.Reshape([rows, groups, each]);
        StepGate(_mixture.TopGate, branches.Sum([-1]));
        if (_mixture.LowGates is not { } low) return;
        for (int group = 0; group < groups; group++)
            Change(low, group, gate => StepGate(gate, branches.Slice(1, group, group + 1).Reshape([rows, each])));
    }

    private void StepGate(Tensor weights, Tensor counts)
    {
        SoftmaxRegression regression = new(_design, counts, Options.GateRidge);
        if (_gateStep == GateStep.Maximum) regression.Maximise(weights);
        else regression.BlockStep(weights);
    }

    private void MaximiseLinear(Tensor weights, Tensor h, int[] frozen)
    {
        for (int expert = 0; expert < Options.Experts; expert++)
        {
            if (frozen.Contains(expert)) continue;
            Tensor own = h.Slice(1, expert, expert + 1); // [rows, 1]
            if (Options.Family == ExpertFamily.Gaussian)
                Change(weights, expert, weight => WeightedLeastSquares.Minimise(_design, _targets, own, weight, Options.ExpertRidge * VarianceOf(expert)));
            else
                Change(weights, expert, weight => new SoftmaxRegression(_design, own * _classes, Options.ExpertRidge).Maximise(weight));
        }
    }

    // One of several matrices, [several, rows, columns], changed by itself.
    private static void Change(Tensor all, int index, Action<Tensor> change)
    {
        Tensor one = all.Slice(0, index, index + 1).Reshape([all.Shape[1], all.Shape[2]]).Clone();
        change(one);
        int size = (int)one.Elements;
        one.AsReadOnlySpan<double>().CopyTo(all.AsSpan<double>().Slice(index * size, size));
    }

    private double VarianceOf(int expert) => Math.Max(Math.Exp(_mixture.LogVariance!.AsReadOnlySpan<double>()[expert]), Options.VarianceFloor);

    // σ² = Σ h |y - o|² / (outputs · Σ h), at least the floor.
    private void MaximiseVariances(Tensor h, int[] frozen)
    {
        Tensor errors = _mixture.ExpertMeans(_features) - _targets.Reshape([_targets.Shape[0], 1, Options.Outputs]); // [rows, experts, outputs]
        Tensor variance = (h * errors.Square().Sum([-1])).Sum([0]) / (h.Sum([0]) * Options.Outputs); // [experts]
        Span<double> logVariance = _mixture.LogVariance!.AsSpan<double>();
        for (int expert = 0; expert < Options.Experts; expert++)
            if (!frozen.Contains(expert)) logVariance[expert] = Math.Log(Math.Max(variance.AsReadOnlySpan<double>()[expert], Options.VarianceFloor));
    }
}

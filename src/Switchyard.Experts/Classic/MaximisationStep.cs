using Switchyard.Tensors;

namespace Switchyard.Experts.Classic;

/// <summary>The M-step: every gate and every expert by itself, on all rows, weighted by the responsibilities h [rows, experts].</summary>
internal sealed class MaximisationStep : IDisposable
{
    private readonly ClassicMixture _mixture;
    private readonly Tensor _features;
    private readonly Tensor _targets;
    private readonly GateStep _gateStep;
    private readonly double[] _design; // [rows, columns]
    private readonly double[] _wanted; // [rows, outputs]
    private readonly int _rows;
    private readonly int _columns;
    private readonly ExpertAscent? _ascent;

    public MaximisationStep(ClassicMixture mixture, Tensor features, Tensor targets, GateStep gateStep)
    {
        (_mixture, _features, _targets, _gateStep) = (mixture, features, targets, gateStep);
        _design = mixture.Design(features).ToArray<double>();
        _wanted = targets.ToArray<double>();
        (_rows, _columns) = (features.Shape[0], 1 + mixture.Options.Inputs);
        _ascent = mixture.Experts is LinearExperts ? null : new ExpertAscent(mixture, features, targets);
    }

    private MixtureOptions Options => _mixture.Options;

    public void Dispose() => _ascent?.Dispose();

    public void Maximise(double[] responsibilities)
    {
        MaximiseGates(responsibilities);
        int[] frozen = ExpectationMaximisation.Collapsed(responsibilities, Options.Experts);
        if (_mixture.Experts is LinearExperts linear) MaximiseLinear(linear.Weight.AsSpan<double>(), responsibilities, frozen);
        else _ascent!.Climb(responsibilities);
        if (Options is { Family: ExpertFamily.Gaussian, LearnVariance: true }) MaximiseVariances(responsibilities, frozen);
    }

    private void MaximiseGates(double[] responsibilities)
    {
        (int groups, int each) = (Options.Groups, Options.ExpertsPerGroup);
        double[] ofGroup = new double[_rows * groups]; // [rows, groups]
        for (int i = 0; i < responsibilities.Length; i++) ofGroup[i / each] += responsibilities[i];
        StepGate(_mixture.TopGate.AsSpan<double>(), ofGroup, groups);
        if (_mixture.LowGates is not { } low) return;
        int size = (int)low.Elements / groups;
        for (int group = 0; group < groups; group++)
        {
            double[] counts = new double[_rows * each]; // [rows, experts per group]
            for (int n = 0; n < _rows; n++) responsibilities.AsSpan((n * groups + group) * each, each).CopyTo(counts.AsSpan(n * each));
            StepGate(low.AsSpan<double>().Slice(group * size, size), counts, each);
        }
    }

    private void StepGate(Span<double> weights, double[] counts, int branches)
    {
        if (branches == 1) return;
        SoftmaxRegression regression = new(_design, _columns, counts, branches, Options.GateRidge);
        if (_gateStep == GateStep.Maximum) regression.Maximise(weights);
        else regression.BlockStep(weights);
    }

    private void MaximiseLinear(Span<double> weights, double[] responsibilities, int[] frozen)
    {
        int size = Options.Outputs * _columns;
        for (int expert = 0; expert < Options.Experts; expert++)
        {
            if (frozen.Contains(expert)) continue;
            Span<double> own = weights.Slice(expert * size, size);
            double[] h = new double[_rows];
            for (int n = 0; n < _rows; n++) h[n] = responsibilities[n * Options.Experts + expert];
            if (Options.Family == ExpertFamily.Gaussian)
                new WeightedLeastSquares(_design, _columns, _wanted, Options.Outputs, h).Minimise(own, Options.ExpertRidge * VarianceOf(expert));
            else
                new SoftmaxRegression(_design, _columns, ClassCounts(h), Math.Max(2, Options.Outputs), Options.ExpertRidge).Maximise(own);
        }
    }

    // [rows, classes]; a Bernoulli expert's classes are 1 and 0, the logit of 0 held at 0.
    private double[] ClassCounts(double[] h)
    {
        bool binary = Options.Family == ExpertFamily.Bernoulli;
        int classes = binary ? 2 : Options.Outputs;
        double[] counts = new double[_rows * classes];
        for (int i = 0; i < counts.Length; i++)
        {
            (int n, int k) = (i / classes, i % classes);
            counts[i] = h[n] * (!binary ? _wanted[i] : k == 0 ? _wanted[n] : 1 - _wanted[n]);
        }
        return counts;
    }

    private double VarianceOf(int expert) => Math.Max(Math.Exp(_mixture.LogVariance!.AsReadOnlySpan<double>()[expert]), Options.VarianceFloor);

    // σ² = Σ h |y - o|² / (outputs · Σ h), at least the floor.
    private void MaximiseVariances(double[] responsibilities, int[] frozen)
    {
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        double[] outputs = _mixture.ExpertMeans(_features).ToArray<double>(); // [rows, experts, outputs]
        Span<double> logVariance = _mixture.LogVariance!.AsSpan<double>();
        for (int expert = 0; expert < Options.Experts; expert++)
        {
            if (frozen.Contains(expert)) continue;
            double squares = 0, total = 0;
            for (int n = 0; n < _rows; n++)
            {
                int at = n * Options.Experts + expert;
                total += responsibilities[at];
                for (int m = 0; m < Options.Outputs; m++)
                {
                    double error = _wanted[n * Options.Outputs + m] - outputs[at * Options.Outputs + m];
                    squares += responsibilities[at] * error * error;
                }
            }
            logVariance[expert] = Math.Log(Math.Max(squares / (Options.Outputs * total), Options.VarianceFloor));
        }
    }
}

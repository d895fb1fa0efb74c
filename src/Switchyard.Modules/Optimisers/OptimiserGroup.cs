using Switchyard.Tensors;

namespace Switchyard.Modules.Optimisers;

/// <summary>Several optimisers as one, each with parameters of its own: large tables learn by other rules than matrices.</summary>
public sealed class OptimiserGroup : Optimiser
{
    private readonly (string Name, Optimiser Optimiser)[] _parts;
    private readonly (string Name, Tensor Tensor)[] _state;

    /// <summary>Makes a group, which owns its parts.</summary>
    /// <param name="parts">The optimisers under names; the state of one is saved as <c>NAME.STATE</c>.</param>
    public OptimiserGroup(IReadOnlyList<(string Name, Optimiser Optimiser)> parts)
        : base([])
    {
        ArgumentNullException.ThrowIfNull(parts);
        _parts = [.. parts];
        _state = [.. base.State, .. _parts.SelectMany(static part => part.Optimiser.State.Select(state => ($"{part.Name}.{state.Name}", state.Tensor)))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Name, Tensor Tensor)> Parameters => [.. _parts.SelectMany(static part => part.Optimiser.Parameters)];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Name, Tensor Tensor)> State => _state;

    /// <inheritdoc/>
    public override void Step(double learningRate, double gradientFactor = 1)
    {
        foreach ((_, Optimiser part) in _parts) part.Step(learningRate, gradientFactor);
    }

    /// <inheritdoc/>
    public override void ClearGradients()
    {
        foreach ((_, Optimiser part) in _parts) part.ClearGradients();
    }

    /// <summary>Never called: the parts change their own.</summary>
    /// <inheritdoc/>
    protected override void Update(int index, Tensor parameter, Tensor gradient, double learningRate, double gradientFactor)
        => throw new NotSupportedException("a group changes parameters through its parts");
}

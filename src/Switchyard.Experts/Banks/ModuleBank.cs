using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Experts.Banks;

/// <summary>Any module as an expert, one after the other: for experts that no grouped product can do, such as convolutions.</summary>
/// <typeparam name="T">What an expert is.</typeparam>
public sealed class ModuleBank<T> : ExpertBank
    where T : Module
{
    private readonly T[] _experts;
    private readonly Func<T, Tensor, Tensor> _forward;

    /// <summary>Makes a bank, which owns its experts.</summary>
    /// <param name="experts">The experts, at least one.</param>
    /// <param name="forward">Lets one expert work on its rows, [rows, ..] to [rows, ..].</param>
    /// <exception cref="ArgumentException">There is no expert.</exception>
    public ModuleBank(IEnumerable<T> experts, Func<T, Tensor, Tensor> forward)
    {
        _experts = [.. experts];
        _forward = forward;
        if (_experts.Length == 0) throw new ArgumentException("a bank has no expert: give it one or more", nameof(experts));
        for (int expert = 0; expert < _experts.Length; expert++) AddChild($"{expert}", _experts[expert]);
    }

    /// <inheritdoc/>
    public override int Experts => _experts.Length;

    /// <inheritdoc/>
    /// <remarks>An expert without rows is asked too, so that its gradient is zero instead of none.</remarks>
    public override Tensor Forward(Tensor rows, Tensor offsets)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(offsets);
        int[] starts = offsets.ToArray<int>();
        return Tensor.Concat([.. _experts.Select((expert, index) => _forward(expert, rows.Slice(0, starts[index], starts[index + 1])))], 0);
    }
}

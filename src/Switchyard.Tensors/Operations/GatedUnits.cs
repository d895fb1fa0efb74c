using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

/// <content>Gated linear units (Shazeer, "GLU variants improve transformer", 2020).</content>
public sealed partial class Tensor
{
    /// <summary>silu(gate)·up, where silu(x) = x·sigmoid(x).</summary>
    /// <param name="gate">Of any shape.</param>
    /// <param name="up">Of the same shape.</param>
    /// <exception cref="ArgumentException">Element types or shapes differ.</exception>
    public static Tensor SwiGlu(Tensor gate, Tensor up)
    {
        CheckGated(gate, up);
        Tensor y = Empty(gate.Shape, gate.Type);
        SwiGluRows.Forward(gate, up, y);
        return y.WithGradient(gate, up, static (dy, to) =>
        {
            Tensor gate = to.A, up = to.B;
            if (to.CreateGraph)
            {
                to.Through(gate.Silu() * up);
                return;
            }
            Tensor dgate = Empty(gate.Shape, gate.Type), dup = Empty(up.Shape, up.Type);
            SwiGluRows.Backward(gate, up, dy, dgate, dup);
            to.Add(gate, dgate);
            to.Add(up, dup);
        }, Autograd.Saved.Operands);
    }

    /// <summary>silu of the first half of the last axis, times the second half.</summary>
    /// <param name="packed">[.., 2·width], so that one matrix product makes both.</param>
    /// <returns>[.., width]</returns>
    /// <exception cref="ArgumentException">The last axis has an odd extent.</exception>
    public static Tensor SwiGlu(Tensor packed)
    {
        ArgumentNullException.ThrowIfNull(packed);
        CheckComputed(packed);
        if (packed.Rank == 0 || packed.Shape[-1] % 2 != 0) throw new ArgumentException($"{packed} does not hold a gate and its values side by side: the last axis has an even extent");
        int width = packed.Shape[-1] / 2;
        Tensor y = Empty(packed.Shape.With(-1, width), packed.Type);
        SwiGluRows.Forward(packed, y);
        return y.WithGradient(packed, (dy, to) =>
        {
            if (to.CreateGraph)
            {
                to.Through(packed.Slice(-1, 0, width).Silu() * packed.Slice(-1, width, 2 * width));
                return;
            }
            Tensor dpacked = Empty(packed.Shape, packed.Type);
            SwiGluRows.Backward(packed, dy, dpacked);
            to.Add(packed, dpacked);
        }, Autograd.Saved.Operands);
    }

    /// <summary>gelu(gate)·up, with the exact gelu(x) = x/2·(1 + erf(x/√2)).</summary>
    /// <inheritdoc cref="SwiGlu(Tensor, Tensor)"/>
    public static Tensor GeGlu(Tensor gate, Tensor up)
    {
        CheckGated(gate, up);
        return gate.Gelu() * up;
    }

    private static void CheckGated(Tensor gate, Tensor up)
    {
        ArgumentNullException.ThrowIfNull(gate);
        ArgumentNullException.ThrowIfNull(up);
        CheckSameType(gate, up);
        if (gate.Shape != up.Shape) throw new ArgumentException($"gate {gate} and up {up} differ in shape");
    }
}

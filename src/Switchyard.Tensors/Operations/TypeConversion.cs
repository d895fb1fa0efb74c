using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// The same numbers in another element type, rounded to nearest with ties to even; to Int32 cut towards 0 and kept
    /// within its range, NaN becoming 0. To a 16-bit type everything is rounded to Float32 first. A tensor that has the
    /// type already is given back on the same memory. Gradients flow between Float32 and Float64.
    /// </summary>
    public Tensor To(ElementType type)
    {
        if (type == Type) return Reshape(Shape);
        Tensor y = Empty(Shape, type);
        Conversion.Run(this, y);
        return type.IsComputed() ? y.WithGradient(this, (dy, to) => to.Add(this, dy.To(Type)), Saved.Nothing) : y;
    }
}

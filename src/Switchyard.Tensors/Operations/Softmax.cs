using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// eˣ over its sum along an axis. Entries of negative infinity become exactly 0 and get no gradient; where a
    /// whole row is negative infinity, it becomes 0.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such axis, or the element type is not computed with.</exception>
    public Tensor Softmax(int axis = -1)
    {
        CheckComputed(this);
        if (Shape.Axis(axis) != Rank - 1) return Transpose(axis, -1).Softmax().Transpose(axis, -1);
        Tensor y = Empty(Shape, Type);
        SoftmaxRows.Softmax(this, y);
        return y.WithGradient(this, static (dy, to) =>
        {
            (Tensor x, Tensor y) = (to.A, to.Result);
            if (to.CreateGraph)
            {
                to.Add(x, y * (dy - (dy * y).Sum([-1], keepAxes: true)));
                return;
            }
            Tensor dx = Empty(x.Shape, x.Type);
            SoftmaxRows.SoftmaxBackward(y, dy, dx);
            to.Add(x, dx);
        }, Saved.Result);
    }

    /// <summary>The logarithm of the softmax along an axis: x - log Σ eˣ.</summary>
    /// <inheritdoc cref="Softmax"/>
    public Tensor LogSoftmax(int axis = -1)
    {
        CheckComputed(this);
        if (Shape.Axis(axis) != Rank - 1) return Transpose(axis, -1).LogSoftmax().Transpose(axis, -1);
        Tensor y = Empty(Shape, Type);
        SoftmaxRows.LogSoftmax(this, y);
        return y.WithGradient(this, static (dy, to) =>
        {
            (Tensor x, Tensor y) = (to.A, to.Result);
            if (to.CreateGraph)
            {
                to.Add(x, dy - y.Exp() * dy.Sum([-1], keepAxes: true));
                return;
            }
            Tensor dx = Empty(x.Shape, x.Type);
            SoftmaxRows.LogSoftmaxBackward(y, dy, dx);
            to.Add(x, dx);
        }, Saved.Result);
    }

    /// <summary>log Σ eˣ along an axis, without overflow; negative infinity where every entry is.</summary>
    /// <param name="axis">The axis that is summed over.</param>
    /// <param name="keepAxis">Whether the axis stays, with extent 1.</param>
    /// <exception cref="ArgumentException">There is no such axis, or the element type is not computed with.</exception>
    public Tensor LogSumExp(int axis = -1, bool keepAxis = false)
    {
        CheckComputed(this);
        if (Shape.Axis(axis) != Rank - 1)
        {
            Tensor last = Transpose(axis, -1).LogSumExp(-1, keepAxis: true).Transpose(axis, -1);
            return keepAxis ? last : last.Reshape(Shape.Without(axis));
        }
        Tensor y = Empty(Shape.With(-1, 1), Type);
        SoftmaxRows.LogSumExp(this, y);
        y.WithGradient(this, static (dy, to) => to.Add(to.A, to.A.Softmax() * dy), Saved.Operands);
        return keepAxis ? y : y.Reshape(Shape.Without(-1));
    }
}

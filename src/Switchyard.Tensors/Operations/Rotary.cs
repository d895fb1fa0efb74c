using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Turns pairs of coordinates of every head by angles that grow with the token's position, so that scalar
    /// products of queries and keys depend on distances (Su et al., "RoFormer", 2021). Coordinates beyond
    /// <see cref="RotaryTable.Dims"/> pass through.
    /// </summary>
    /// <param name="x">[batch, tokens, heads, width]</param>
    /// <param name="positions">Int32 [tokens] or [batch, tokens]</param>
    /// <param name="table">The angles.</param>
    /// <param name="layout">Which coordinates form pairs.</param>
    /// <exception cref="ArgumentException">Shapes or element types do not match, or a position is not in the table.</exception>
    public static Tensor Rotary(Tensor x, Tensor positions, RotaryTable table, RotaryLayout layout = RotaryLayout.Half)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(positions);
        ArgumentNullException.ThrowIfNull(table);
        if (x.Rank != 4 || x.Shape[3] < table.Dims) throw new ArgumentException($"{x} cannot be turned: it has the shape [batch, tokens, heads, width] with a width of at least {table.Dims}");
        if (x.Type != table.Type) throw new ArgumentException($"{x} and a rotary table of {table.Type} differ in element type: make the table in the type of the model");
        Shape perToken = [x.Shape[1]], perBatch = [x.Shape[0], x.Shape[1]];
        if (positions.Type != ElementType.Int32 || (positions.Shape != perToken && positions.Shape != perBatch))
            throw new ArgumentException($"positions {positions} were given for {x}: they are Int32{perToken} or Int32{perBatch}");
        CheckIndices(positions, table.Positions, "position");
        return Turned(x, positions, table, layout, back: false);
    }

    private static Tensor Turned(Tensor x, Tensor positions, RotaryTable table, RotaryLayout layout, bool back)
    {
        Tensor y = Empty(x.Shape, x.Type);
        RotaryRows.Turn(x, positions, table.Cosines, table.Sines, layout == RotaryLayout.Interleaved, back, y);
        return y.WithGradient(x, positions, (dy, to) => to.Add(x, Turned(dy, positions, table, layout, !back)), Saved.Nothing);
    }
}

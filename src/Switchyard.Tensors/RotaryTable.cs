namespace Switchyard.Tensors;

/// <summary>Which coordinates of a head form the pairs that rotary positions turn.</summary>
public enum RotaryLayout
{
    /// <summary>Coordinate i and coordinate i + dims/2, as in Llama.</summary>
    Half,

    /// <summary>Coordinates 2i and 2i + 1, as in the paper and in GPT-J.</summary>
    Interleaved,
}

/// <summary>
/// Cosines and sines of the angles of rotary positions, position·theta^(-2i/dims) for pair i, made in Float64 and
/// then rounded (Su et al., "RoFormer", 2021, section 3.2.2). Make it once and keep it.
/// </summary>
public sealed class RotaryTable : IDisposable
{
    /// <summary>Makes the table of the positions 0 to <paramref name="positions"/> - 1.</summary>
    /// <param name="theta">The base of the angles, 10000 in the paper.</param>
    /// <param name="dims">How many leading coordinates of a head are turned: an even number.</param>
    /// <param name="positions">How many positions.</param>
    /// <param name="type">The element type of what will be turned.</param>
    /// <exception cref="ArgumentException">Theta is not positive, dims is odd or negative, or there are no positions.</exception>
    public RotaryTable(double theta, int dims, int positions, ElementType type = ElementType.Float32)
    {
        if (!(theta > 0)) throw new ArgumentOutOfRangeException(nameof(theta), theta, "the base of rotary angles is positive");
        if (dims < 0 || dims % 2 != 0) throw new ArgumentOutOfRangeException(nameof(dims), dims, "rotary positions turn pairs of coordinates: give an even number");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(positions);
        if (!type.IsComputed()) throw new ArgumentException($"rotary positions are not computed in {type}: choose Float32 or Float64");
        (Dims, Positions) = (dims, positions);
        Cosines = Table(Math.Cos);
        Sines = Table(Math.Sin);

        Tensor Table(Func<double, double> function)
        {
            int pairs = dims / 2;
            Tensor table = Tensor.Empty([positions, pairs], type).Release();
            for (int position = 0; position < positions; position++)
            {
                for (int pair = 0; pair < pairs; pair++)
                {
                    double value = function(position * Math.Pow(theta, -2.0 * pair / dims));
                    if (type == ElementType.Float32) table.AsSpan<float>()[position * pairs + pair] = (float)value;
                    else table.AsSpan<double>()[position * pairs + pair] = value;
                }
            }
            return table;
        }
    }

    /// <summary>How many leading coordinates of a head are turned.</summary>
    public int Dims { get; }

    /// <summary>How many positions the table holds.</summary>
    public int Positions { get; }

    /// <summary>The element type of what can be turned.</summary>
    public ElementType Type => Cosines.Type;

    internal Tensor Cosines { get; }

    internal Tensor Sines { get; }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        Cosines.Dispose();
        Sines.Dispose();
    }
}

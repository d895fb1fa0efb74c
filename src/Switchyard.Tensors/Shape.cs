using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors;

/// <summary>
/// The extents of a tensor, slowest axis first. A value of up to <see cref="MaxRank"/> axes, written as a
/// collection: <c>Shape shape = [tokens, width]</c>. The empty shape is that of one number.
/// </summary>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public readonly struct Shape : IEquatable<Shape>
{
    /// <summary>The most axes that a tensor may have.</summary>
    public const int MaxRank = 6;

    // So that the bytes of the largest element type can still be counted.
    private const long MostElements = long.MaxValue / sizeof(double);

    private readonly Extents _extents;

    private Shape(ReadOnlySpan<int> extents)
    {
        Rank = extents.Length;
        extents.CopyTo(_extents);
    }

    /// <summary>The number of axes.</summary>
    public int Rank { get; }

    /// <summary>The product of all extents; 1 for the empty shape.</summary>
    public long Elements
    {
        get
        {
            long product = 1;
            for (int axis = 0; axis < Rank; axis++) product *= _extents[axis];
            return product;
        }
    }

    /// <summary>The extent of an axis; a negative axis counts from the end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public int this[int axis] => _extents[Axis(axis)];

    /// <summary>Makes a shape of extents.</summary>
    /// <exception cref="ArgumentException">More than <see cref="MaxRank"/> axes, a negative extent, or more elements than memory has addresses.</exception>
    public static Shape Create(ReadOnlySpan<int> extents)
    {
        if (extents.Length > MaxRank) throw new ArgumentException($"a shape of {extents.Length} axes: at most {MaxRank} are supported");
        // An extent of 0 counts as 1: a product of some of the axes must not overflow either.
        long elements = 1;
        foreach (int extent in extents)
        {
            if (extent < 0) throw new ArgumentException($"an extent of {extent} in [{string.Join(", ", extents.ToArray())}]: extents are 0 or more");
            if (extent > 1 && extent > MostElements / elements) throw new ArgumentException($"a shape of [{string.Join(", ", extents.ToArray())}] has more elements than memory has addresses: use smaller extents");
            elements *= Math.Max(extent, 1);
        }
        return new Shape(extents);
    }

    /// <summary>The axis as a number from 0 up, given one that may count from the end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public int Axis(int axis)
    {
        int index = axis < 0 ? axis + Rank : axis;
        return (uint)index < (uint)Rank
            ? index
            : throw new ArgumentOutOfRangeException(nameof(axis), axis, $"shape {this} has {Rank} axes");
    }

    /// <summary>The product of the extents of axes <paramref name="from"/> (included) to <paramref name="to"/> (not included).</summary>
    public long Product(int from, int to)
    {
        long product = 1;
        for (int axis = from; axis < to; axis++) product *= _extents[axis];
        return product;
    }

    /// <summary>This shape with one extent replaced.</summary>
    public Shape With(int axis, int extent)
    {
        Span<int> extents = stackalloc int[Rank];
        AsSpan().CopyTo(extents);
        extents[Axis(axis)] = extent;
        return Create(extents);
    }

    /// <summary>This shape without one axis.</summary>
    public Shape Without(int axis)
    {
        int removed = Axis(axis);
        Span<int> extents = stackalloc int[Rank - 1];
        for (int from = 0, to = 0; from < Rank; from++)
            if (from != removed) extents[to++] = _extents[from];
        return Create(extents);
    }

    /// <summary>This shape without some axes.</summary>
    public Shape WithoutAxes(ReadOnlySpan<int> axes)
    {
        Span<int> extents = stackalloc int[MaxRank];
        int kept = 0;
        for (int axis = 0; axis < Rank; axis++)
            if (!axes.Contains(axis) && !axes.Contains(axis - Rank)) extents[kept++] = _extents[axis];
        return Create(extents[..kept]);
    }

    /// <summary>How far apart, in elements, neighbours along each axis lie in a row-major array of this shape.</summary>
    internal void Steps(Span<long> steps)
    {
        for (int axis = 0; axis < Rank; axis++) steps[axis] = Product(axis + 1, Rank);
    }

    /// <summary>This shape with a new axis, which will be at position <paramref name="axis"/>.</summary>
    public Shape Insert(int axis, int extent)
    {
        Span<int> extents = stackalloc int[Rank + 1];
        for (int to = 0, from = 0; to < extents.Length; to++) extents[to] = to == axis ? extent : _extents[from++];
        return Create(extents);
    }

    /// <summary>The shape of two operands together, by the rule of numpy: axes are matched from the last, and 1 stretches.</summary>
    /// <exception cref="ArgumentException">Two extents differ and neither is 1.</exception>
    public static Shape Broadcast(Shape a, Shape b)
    {
        int rank = Math.Max(a.Rank, b.Rank);
        Span<int> extents = stackalloc int[rank];
        for (int axis = 0; axis < rank; axis++)
        {
            int extentA = axis < rank - a.Rank ? 1 : a[axis - rank + a.Rank];
            int extentB = axis < rank - b.Rank ? 1 : b[axis - rank + b.Rank];
            extents[axis] = extentA == extentB || extentB == 1 ? extentA
                : extentA == 1 ? extentB
                : throw new ArgumentException($"shapes {a} and {b} do not broadcast: {extentA} against {extentB}");
        }
        return Create(extents);
    }

    /// <summary>The extents, slowest first.</summary>
    [UnscopedRef]
    public ReadOnlySpan<int> AsSpan() => ((ReadOnlySpan<int>)_extents)[..Rank];

    /// <summary>The extents, slowest first, in a new array.</summary>
    public int[] ToArray() => AsSpan().ToArray();

    /// <summary>Goes through the extents, slowest first.</summary>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)ToArray()).GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(Shape other) => AsSpan().SequenceEqual(other.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (int extent in AsSpan()) hash.Add(extent);
        return hash.ToHashCode();
    }

    /// <summary>For example <c>[32, 256]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", ToArray())}]";

    /// <summary>Whether two shapes have the same axes.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Whether two shapes differ.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    [InlineArray(MaxRank)]
    private struct Extents
    {
        private int _first;
    }
}

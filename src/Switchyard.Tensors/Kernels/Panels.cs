namespace Switchyard.Tensors.Kernels;

/// <summary>
/// How one side of a matrix is cut into panels as long as that side of a register tile, or less: of nearly equal length,
/// for a thin last one would be a slow one. A packed panel is [inner, width of the tile].
/// </summary>
internal readonly struct Panels
{
    private readonly int _length;
    private readonly int _shorter;

    /// <summary>Cuts a side.</summary>
    /// <param name="length">How long the side is.</param>
    /// <param name="unit">Panels begin at multiples of this.</param>
    /// <param name="unitsPerTile">How many units a tile is long.</param>
    /// <param name="inner">The other side of a packed panel.</param>
    /// <param name="gap">Elements between packed panels: without it, the same place of each would be the same place of a cache.</param>
    internal Panels(int length, int unit, int unitsPerTile, int inner, int gap)
    {
        int units = (length + unit - 1) / unit;
        _length = length;
        Unit = unit;
        Count = (units + unitsPerTile - 1) / unitsPerTile;
        (_shorter, Longer) = Math.DivRem(units, Count);
        Width = unit * unitsPerTile;
        Stride = ((nint)inner * Width + gap - 1) / gap * gap + gap;
    }

    /// <summary>How many panels.</summary>
    internal int Count { get; }

    /// <summary>What panels begin at multiples of.</summary>
    internal int Unit { get; }

    /// <summary>How many panels, the first ones, are longer than the others by a unit.</summary>
    internal int Longer { get; }

    /// <summary>Elements from one row of a packed panel to the next.</summary>
    internal int Width { get; }

    /// <summary>Elements from one packed panel to the next.</summary>
    internal nint Stride { get; }

    /// <summary>Elements of all packed panels.</summary>
    internal nint Elements => Count * Stride;

    /// <summary>Where a panel begins; that of the one past the last is the length of the side.</summary>
    internal int First(int panel) => Math.Min(_length, (panel * _shorter + Math.Min(panel, Longer)) * Unit);
}

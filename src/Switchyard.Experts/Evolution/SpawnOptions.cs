namespace Switchyard.Experts.Evolution;

/// <summary>In what the experts that are made of one block differ from it.</summary>
public enum SpawnMode
{
    /// <summary>In nothing: the function is preserved, and the task teaches the gate nothing until experts differ.</summary>
    Copy,

    /// <summary>Noise is added to every weight.</summary>
    Noise,

    /// <summary>Weights drawn at random, one by one, are 0.</summary>
    Mask,

    /// <summary>Inner units drawn at random are 0, with all weights that lead to them and from them, or drawn anew (Drop-Upcycling, arXiv 2502.19261).</summary>
    MaskUnits,
}

/// <summary>How one block becomes many experts. The default is the recipe of the EvoMoE page: a tenth of the weights masked, once.</summary>
public sealed record SpawnOptions
{
    /// <summary>In what the experts differ.</summary>
    public SpawnMode Mode { get; init; } = SpawnMode.Mask;

    /// <summary>The share of the weights, or inner units, that are masked.</summary>
    public double Share { get; init; } = 0.1;

    /// <summary>The deviation of the noise, as a share of that of the matrix.</summary>
    public double Noise { get; init; } = 0.05;

    /// <summary>Whether what a mask leaves is divided by the share left.</summary>
    public bool Rescale { get; init; }

    /// <summary>Whether masked weights stay 0 while training goes on: every expert is then a part of the block.</summary>
    public bool Persistent { get; init; }

    /// <summary>Whether masked units are drawn anew, from the normal distribution with mean and deviation of the matrix, instead of 0.</summary>
    public bool Redraw { get; init; }

    /// <summary>Whether anything is masked.</summary>
    internal bool Masks => Mode is SpawnMode.Mask or SpawnMode.MaskUnits;

    /// <summary>Checks that the options go together.</summary>
    /// <exception cref="ArgumentException">They do not; the message says why.</exception>
    public void Check()
    {
        if (Share is not (>= 0 and <= 0.9) && !(Mode == SpawnMode.MaskUnits && Share is > 0.9 and <= 1))
            throw new ArgumentException($"a share of {Share} is masked in every expert: give 0 to 0.9, or up to 1 of the units");
        if (!(Noise >= 0 && double.IsFinite(Noise))) throw new ArgumentException($"the noise of new experts is {Noise}: give 0 or more");
        if ((Rescale || Persistent) && !Masks) throw new ArgumentException($"experts made by {Mode} have no mask to be rescaled or persistent: choose {SpawnMode.Mask} or {SpawnMode.MaskUnits}");
        if (Redraw && Mode != SpawnMode.MaskUnits) throw new ArgumentException($"experts made by {Mode} have no units to be drawn anew: choose {SpawnMode.MaskUnits}");
        if (Redraw && (Persistent || Rescale)) throw new ArgumentException("units that are drawn anew are not masked: give neither a persistent mask nor rescaling with them");
    }
}

using Switchyard.Tensors;

namespace Switchyard.Experts.Losses;

/// <summary>Which variance a squared coefficient of variation is made of.</summary>
public enum Variance
{
    /// <summary>Divided by one less than the number.</summary>
    Sample,

    /// <summary>Divided by the number.</summary>
    Population,
}

/// <summary>The squared coefficient of variation, CV² = variance / mean²: 0 where all experts have the same (arXiv 1701.06538, §4).</summary>
internal static class Importance
{
    /// <summary>CV² of a number per expert; 0 for a single one, or where all are 0.</summary>
    public static Tensor SquaredVariation(this Tensor perExpert, Variance variance)
    {
        int count = (int)perExpert.Elements;
        if (count < 2) return Tensor.Scalar(0, perExpert.Type);
        Tensor flat = perExpert.Reshape([count]);
        return flat.Variance([0], variance == Variance.Sample ? 1 : 0) / flat.Mean().Square().Clamp(1e-30, null);
    }
}

using Switchyard.Experts.Banks;
using Switchyard.Tensors;

namespace Switchyard.Experts.Evolution;

/// <summary>
/// Makes the experts of a layer out of one block, θ_i = M_i ⊙ θ₀ with a mask for each expert (EvoMoE, arXiv 2112.14397,
/// §3.2), or in another of the <see cref="SpawnMode"/>s. Every draw is a function of the seed, the layer and the expert
/// alone, so that nothing needs to be stored. Masks cover matrices; what has one axis, such as a bias, is copied.
/// </summary>
/// <param name="options">How experts are made.</param>
/// <param name="seed">Decides all draws.</param>
public sealed class ExpertSpawner(SpawnOptions options, ulong seed)
{
    private readonly Philox _random = new Philox(seed).Split("spawn");

    /// <summary>A weight of all experts.</summary>
    /// <param name="layer">The name of the layer.</param>
    /// <param name="matrix">What the weight is called within an expert; units are the columns of <see cref="FeedForwardBank.DownName"/>, and the rows of others.</param>
    /// <param name="single">The weight of the block, float32 [out, in], or [out].</param>
    /// <param name="experts">How many experts there are to be.</param>
    /// <returns>[experts, out, in]</returns>
    public Tensor Weights(string layer, string matrix, Tensor single, int experts)
    {
        ArgumentNullException.ThrowIfNull(single);
        Tensor weights = Copies(single, experts);
        if (single.Rank < 2 || options.Mode == SpawnMode.Copy) return weights;
        (double mean, double deviation) = Moments(single.AsReadOnlySpan<float>());
        float kept = options.Rescale ? (float)(1 / (1 - options.Share)) : 1;
        for (int expert = 0; expert < experts; expert++)
        {
            Span<float> own = Of(weights, expert);
            Philox draws = Stream(layer, matrix, expert);
            if (options.Mode == SpawnMode.Noise)
            {
                foreach (ref float weight in own) weight += (float)(options.Noise * deviation * draws.NextNormal());
                continue;
            }
            bool[] masked = Masked(layer, matrix, single.Shape, expert);
            for (int i = 0; i < own.Length; i++)
                own[i] = !masked[i] ? own[i] * kept : options.Redraw ? (float)(mean + deviation * draws.NextNormal()) : 0;
        }
        return weights;
    }

    /// <summary>An optimiser's average for all experts: that of the block, and 0 for what is masked or drawn anew.</summary>
    /// <inheritdoc cref="Weights"/>
    public Tensor Averages(string layer, string matrix, Tensor single, int experts)
    {
        ArgumentNullException.ThrowIfNull(single);
        Tensor averages = Copies(single, experts);
        Span<float> entries = averages.AsSpan<float>();
        foreach (int place in MaskedPlaces(layer, matrix, averages.Shape)) entries[place] = 0;
        return averages;
    }

    /// <summary>Which weights of all experts are masked: what a persistent mask sets to 0 after every step.</summary>
    /// <param name="layer">The name of the layer.</param>
    /// <param name="matrix">What the weight is called within an expert.</param>
    /// <param name="shape">[experts, out, in]; nothing is masked in another.</param>
    /// <returns>Places among all entries, in rising order.</returns>
    public IReadOnlyList<int> MaskedPlaces(string layer, string matrix, Shape shape)
    {
        List<int> places = [];
        if (!options.Masks || shape.Rank != 3) return places;
        int length = shape[1] * shape[2];
        for (int expert = 0; expert < shape[0]; expert++)
        {
            bool[] masked = Masked(layer, matrix, shape.Without(0), expert);
            for (int i = 0; i < length; i++)
                if (masked[i]) places.Add(expert * length + i);
        }
        return places;
    }

    /// <summary>Which weights of an expert are masked [out · in].</summary>
    private bool[] Masked(string layer, string matrix, Shape shape, int expert)
    {
        bool[] masked = new bool[shape.Elements];
        if (options.Mode == SpawnMode.Mask)
        {
            Philox draws = Stream(layer, $"{matrix} mask", expert);
            for (int i = 0; i < masked.Length; i++) masked[i] = draws.NextDouble() < options.Share;
            return masked;
        }
        // The same units in every matrix of the expert.
        bool unitsAreColumns = matrix == FeedForwardBank.DownName;
        int columns = shape[1], units = unitsAreColumns ? columns : shape[0];
        bool[] chosen = Units(units, Stream(layer, "units", expert));
        for (int i = 0; i < masked.Length; i++) masked[i] = chosen[unitsAreColumns ? i % columns : i / columns];
        return masked;
    }

    /// <summary>The share of units, rounded, that is masked: each set of so many is equally likely.</summary>
    private bool[] Units(int units, Philox draws)
    {
        bool[] chosen = new bool[units];
        int left = (int)Math.Round(options.Share * units);
        for (int unit = 0; unit < units; unit++)
        {
            if (draws.Next(units - unit) >= left) continue;
            chosen[unit] = true;
            left--;
        }
        return chosen;
    }

    private Philox Stream(string layer, string purpose, int expert) => _random.Split(layer).Split(purpose).Split((ulong)expert);

    private static Tensor Copies(Tensor single, int experts)
    {
        Tensor copies = Tensor.Empty(single.Shape.Insert(0, experts), single.Type);
        for (int expert = 0; expert < experts; expert++) single.AsReadOnlySpan<float>().CopyTo(Of(copies, expert));
        return copies;
    }

    private static Span<float> Of(Tensor weights, int expert)
    {
        int length = (int)(weights.Elements / weights.Shape[0]);
        return weights.AsSpan<float>().Slice(expert * length, length);
    }

    private static (double Mean, double Deviation) Moments(ReadOnlySpan<float> numbers)
    {
        double sum = 0, squares = 0;
        foreach (float number in numbers) sum += number;
        double mean = sum / numbers.Length;
        foreach (float number in numbers) squares += (number - mean) * (number - mean);
        return (mean, Math.Sqrt(squares / numbers.Length));
    }
}

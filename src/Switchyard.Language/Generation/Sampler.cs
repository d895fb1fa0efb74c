using System.Numerics.Tensors;
using Switchyard.Tensors;

namespace Switchyard.Language.Generation;

/// <summary>How the next token is drawn.</summary>
public sealed record SamplingOptions
{
    /// <summary>Logits are divided by this; 0 takes the most likely token, of equals the lowest.</summary>
    public double Temperature { get; init; } = 0.8;

    /// <summary>Only the k most likely tokens are considered, of equals the lowest; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>
    /// Only the most likely tokens that together reach this probability are considered (nucleus sampling,
    /// arXiv 1904.09751); 1 for all.
    /// </summary>
    public double TopP { get; init; } = 1;

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    public void Check()
    {
        if (!(Temperature >= 0) || double.IsInfinity(Temperature)) throw new ArgumentException($"the temperature is {Temperature}: give 0 or more");
        if (TopK < 0) throw new ArgumentException($"top-k is {TopK}: give 0 for all tokens, or more");
        if (!(TopP is > 0 and <= 1)) throw new ArgumentException($"top-p is {TopP}: give a share above 0, up to 1");
    }
}

/// <summary>Draws tokens from logits.</summary>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly Philox _random;

    /// <summary>Makes a sampler.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public Sampler(SamplingOptions options, Philox random)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        (_options, _random) = (options, random);
    }

    /// <summary>Draws one token.</summary>
    /// <param name="logits">One per token of the vocabulary.</param>
    public int Next(ReadOnlySpan<float> logits)
    {
        if (_options.Temperature == 0) return TensorPrimitives.IndexOfMax(logits);

        double[] weights = new double[logits.Length];
        int[] tokens = new int[logits.Length];
        float largest = TensorPrimitives.Max(logits);
        for (int token = 0; token < weights.Length; token++)
        {
            weights[token] = Math.Exp((logits[token] - (double)largest) / _options.Temperature);
            tokens[token] = token;
        }
        // The most likely first, of equals the lowest.
        Array.Sort(tokens, (a, b) => weights[a] == weights[b] ? a.CompareTo(b) : weights[b].CompareTo(weights[a]));
        int considered = _options.TopK == 0 ? tokens.Length : Math.Min(_options.TopK, tokens.Length);
        double total = 0;
        for (int i = 0; i < considered; i++) total += weights[tokens[i]];
        double mass = 0;
        int kept = 0;
        while (kept < considered && (kept == 0 || mass < _options.TopP * total)) mass += weights[tokens[kept++]];

        double target = _random.NextDouble() * mass;
        for (int i = 0; i < kept; i++)
        {
            target -= weights[tokens[i]];
            if (target < 0) return tokens[i];
        }
        return tokens[kept - 1];
    }
}

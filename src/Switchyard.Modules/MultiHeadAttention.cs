using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>The dimensions and options of <see cref="MultiHeadAttention"/>.</summary>
public sealed record AttentionOptions
{
    /// <summary>Length of a hidden vector.</summary>
    public required int Width { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key/value heads; each serves Heads / KeyValueHeads consecutive query heads.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Length of a query, key and value of one head.</summary>
    public required int HeadWidth { get; init; }

    /// <summary>Whether queries and keys are RMS-normalised over all heads together, before rotation (OLMoE, arXiv 2409.02060).</summary>
    public bool QueryKeyNorm { get; init; }

    /// <summary>The epsilon of that norm.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Queries, keys and values are cut to ± this; null for not.</summary>
    public double? Clip { get; init; }

    /// <summary>Whether a token sees only itself and those before it.</summary>
    public bool IsCausal { get; init; } = true;
}

/// <summary>
/// Self-attention with rotary positions and grouped query heads (arXiv 2305.13245). Parameters are named as in
/// Hugging Face's decoders: q_proj, k_proj, v_proj, o_proj, q_norm, k_norm.
/// </summary>
public sealed class MultiHeadAttention : Module
{
    private readonly AttentionOptions _options;
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Linear _output;
    private readonly RmsNorm? _queryNorm;
    private readonly RmsNorm? _keyNorm;

    /// <summary>Makes a layer.</summary>
    /// <param name="options">Its dimensions.</param>
    /// <param name="random">Draws the initial weights, normal.</param>
    /// <param name="deviation">Standard deviation of the initial projections.</param>
    /// <param name="outputDeviation">Standard deviation of the initial output projection; null for the same.</param>
    /// <exception cref="ArgumentException">The key/value heads do not divide the query heads, or a head has odd width.</exception>
    public MultiHeadAttention(AttentionOptions options, Philox random, double deviation = 0.02, double? outputDeviation = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.KeyValueHeads < 1 || options.Heads % options.KeyValueHeads != 0) throw new ArgumentException($"{options.KeyValueHeads} key/value heads do not divide {options.Heads} heads");
        if (options.HeadWidth < 2 || options.HeadWidth % 2 != 0) throw new ArgumentException($"a head width of {options.HeadWidth} cannot be rotated in pairs: give an even one");
        _options = options;
        int queries = options.Heads * options.HeadWidth, keys = options.KeyValueHeads * options.HeadWidth;
        _query = AddChild("q_proj", new Linear(options.Width, queries, random, deviation));
        _key = AddChild("k_proj", new Linear(options.Width, keys, random, deviation));
        _value = AddChild("v_proj", new Linear(options.Width, keys, random, deviation));
        _output = AddChild("o_proj", new Linear(queries, options.Width, random, outputDeviation ?? deviation));
        if (options.QueryKeyNorm)
        {
            _queryNorm = AddChild("q_norm", new RmsNorm(queries, options.NormEpsilon));
            _keyNorm = AddChild("k_norm", new RmsNorm(keys, options.NormEpsilon));
        }
    }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">Hidden vectors [batch, tokens, width].</param>
    /// <param name="rotary">Angles of all positions.</param>
    /// <param name="positions">The position of each token in its sequence, Int32 [tokens].</param>
    /// <param name="cache">What came before; null at the beginning of a sequence that is not continued.</param>
    /// <param name="keyMask">0 for tokens that nobody may see, such as padding, Int32 [batch, tokens]; null for none.</param>
    /// <returns>[batch, tokens, width].</returns>
    public Tensor Forward(Tensor x, RotaryTable rotary, Tensor positions, KeyValueCache? cache = null, Tensor? keyMask = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        int batch = x.Shape[0], tokens = x.Shape[1], first = cache?.Length ?? 0, headWidth = _options.HeadWidth;
        Tensor query = Cut(Norm(_queryNorm, _query.Forward(x))).Reshape([batch, tokens, _options.Heads, headWidth]);
        Tensor key = Cut(Norm(_keyNorm, _key.Forward(x))).Reshape([batch, tokens, _options.KeyValueHeads, headWidth]);
        Tensor value = Cut(_value.Forward(x)).Reshape([batch, tokens, _options.KeyValueHeads, headWidth]);
        query = Tensor.Rotary(query, positions, rotary);
        key = Tensor.Rotary(key, positions, rotary);
        if (cache is not null) (key, value) = cache.Append(key, value);
        Tensor seen = Tensor.Attention(query, key, value, new AttentionMask { Causal = _options.IsCausal, QueryOffset = first }, keyMask: keyMask); // [batch, tokens, heads, head width]
        return _output.Forward(seen.Reshape([batch, tokens, _options.Heads * headWidth]));
    }

    private static Tensor Norm(RmsNorm? norm, Tensor x) => norm is null ? x : norm.Forward(x);

    private Tensor Cut(Tensor x) => _options.Clip is { } limit ? x.Clamp(-limit, limit) : x;
}

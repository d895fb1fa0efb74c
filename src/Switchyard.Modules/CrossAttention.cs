using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>What a layer of cross-attention looks at.</summary>
/// <param name="Keys">[batch, source tokens, heads, head width]</param>
/// <param name="Values">[batch, source tokens, heads, head width]</param>
/// <param name="Mask">0 for tokens that nobody may see, such as padding, Int32 [batch, source tokens]; null for none.</param>
public sealed record SourceKeys(Tensor Keys, Tensor Values, Tensor? Mask);

/// <summary>
/// Attention of one sequence to another (Vaswani et al. 2017, §3.2.3): queries from the one, keys and values from the
/// other, without positions. Parameters are named as those of <see cref="MultiHeadAttention"/>.
/// </summary>
public sealed class CrossAttention : Module
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
    public CrossAttention(AttentionOptions options, Philox random, double deviation = 0.02, double? outputDeviation = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        int queries = options.Heads * options.HeadWidth, keys = options.KeyValueHeads * options.HeadWidth;
        _query = AddChild("q_proj", new Linear(options.Width, queries, random, deviation));
        _key = AddChild("k_proj", new Linear(options.Width, keys, random, deviation));
        _value = AddChild("v_proj", new Linear(options.Width, keys, random, deviation));
        _output = AddChild("o_proj", new Linear(queries, options.Width, random, outputDeviation ?? deviation));
        if (!options.QueryKeyNorm) return;
        _queryNorm = AddChild("q_norm", new RmsNorm(queries, options.NormEpsilon));
        _keyNorm = AddChild("k_norm", new RmsNorm(keys, options.NormEpsilon));
    }

    /// <summary>The keys and values of a source, made once however often it is looked at.</summary>
    /// <param name="source">Hidden vectors [batch, source tokens, width].</param>
    /// <param name="mask">0 for tokens that nobody may see, Int32 [batch, source tokens]; null for none.</param>
    public SourceKeys Keys(Tensor source, Tensor? mask)
    {
        ArgumentNullException.ThrowIfNull(source);
        Shape shape = [source.Shape[0], source.Shape[1], _options.KeyValueHeads, _options.HeadWidth];
        Tensor key = _key.Forward(source);
        return new SourceKeys((_keyNorm?.Forward(key) ?? key).Reshape(shape), _value.Forward(source).Reshape(shape), mask);
    }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">Hidden vectors [batch, tokens, width].</param>
    /// <param name="source">What they look at: as many sequences as x has, or one for all of them.</param>
    /// <returns>[batch, tokens, width].</returns>
    public Tensor Forward(Tensor x, SourceKeys source)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(source);
        // Queries do not see each other: those of several sequences over one source are as good as those of one.
        int batch = source.Keys.Shape[0], tokens = batch == 0 ? x.Shape[1] : x.Shape[0] * x.Shape[1] / batch;
        Tensor query = _query.Forward(x);
        query = (_queryNorm?.Forward(query) ?? query).Reshape([batch, tokens, _options.Heads, _options.HeadWidth]);
        Tensor seen = Tensor.Attention(query, source.Keys, source.Values, keyMask: source.Mask); // [batch, tokens, heads, head width]
        return _output.Forward(seen.Reshape([x.Shape[0], x.Shape[1], _options.Heads * _options.HeadWidth]));
    }
}

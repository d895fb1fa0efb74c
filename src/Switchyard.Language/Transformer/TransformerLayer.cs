using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Language.Transformer;

/// <summary>What a layer needs to know beside its input.</summary>
/// <param name="Rotary">Angles of all positions.</param>
/// <param name="Positions">The position of each token in its sequence, Int32 [tokens].</param>
/// <param name="Routing">What gates may look at; its mask says which tokens are padding.</param>
/// <param name="KeyMask">0 for tokens that nobody may look at, Int32 [batch, tokens]; null for none.</param>
internal sealed record LayerContext(RotaryTable Rotary, Tensor Positions, RoutingContext Routing, Tensor? KeyMask = null);

/// <summary>What kind of layer it is.</summary>
/// <param name="IsMixture">Whether it has experts.</param>
/// <param name="IsCausal">Whether a token sees only those before it.</param>
/// <param name="SeesSource">Whether it looks at a source.</param>
internal readonly record struct LayerKind(bool IsMixture, bool IsCausal, bool SeesSource = false);

/// <summary>
/// One transformer block: x += attention(norm(x)); in a translator's decoder, x += attention to the source; then
/// x += experts(norm(x)), or a dense feed-forward block.
/// </summary>
internal sealed class TransformerLayer : Module
{
    private readonly RmsNorm _attentionNorm;
    private readonly MultiHeadAttention _attention;
    private readonly RmsNorm? _sourceNorm;
    private readonly CrossAttention? _source;
    private readonly RmsNorm _feedForwardNorm;
    private readonly FeedForward? _dense;
    private readonly MoeLayer? _mixture;
    private readonly Dropout _dropout;

    public TransformerLayer(TransformerOptions options, LayerKind kind, int stackLayers, Philox random)
    {
        double deviation = options.ActualDeviation;
        // The residual stream is a sum over 2·layers blocks: their last matrices start smaller (GPT-2, §2.3).
        double residualDeviation = deviation / Math.Sqrt(2 * stackLayers);
        AttentionOptions attention = new()
        {
            Width = options.Width,
            Heads = options.Heads,
            KeyValueHeads = options.ActualKeyValueHeads,
            HeadWidth = options.ActualHeadWidth,
            QueryKeyNorm = options.QueryKeyNorm,
            NormEpsilon = options.NormEpsilon,
            Clip = options.ClipQkv,
            IsCausal = kind.IsCausal,
        };
        _dropout = AddChild("dropout", new Dropout(options.Dropout));
        _attention = AddChild("self_attn", new MultiHeadAttention(attention, random, deviation, residualDeviation));
        if (kind.SeesSource) _source = AddChild("cross_attn", new CrossAttention(attention, random, deviation, residualDeviation));
        if (kind.IsMixture)
        {
            Gate gate = options.Routing.Make(new GateSize(options.Width, options.Experts, options.Vocabulary), random);
            FeedForwardBank bank = new(options.Experts, options.Width, options.Hidden, random, deviation, residualDeviation);
            FeedForward? shared = options.SharedHidden == 0 ? null : new FeedForward(options.Width, options.SharedHidden, random, deviation, residualDeviation);
            _mixture = AddChild("mlp", new MoeLayer(gate, bank, shared, options.SharedMix ? Tensor.Zeros([options.Width]) : null) { Recompute = options.Recompute });
        }
        else
        {
            _dense = AddChild("mlp", new FeedForward(options.Width, options.ActualDenseHidden, random, deviation, residualDeviation));
        }
        _attentionNorm = AddChild("input_layernorm", new RmsNorm(options.Width, options.NormEpsilon));
        if (kind.SeesSource) _sourceNorm = AddChild("cross_attention_layernorm", new RmsNorm(options.Width, options.NormEpsilon));
        _feedForwardNorm = AddChild("post_attention_layernorm", new RmsNorm(options.Width, options.NormEpsilon));
    }

    /// <summary>The keys and values of a source [batch, source tokens, width], to be looked at.</summary>
    public SourceKeys Keys(Tensor source, Tensor? keyMask) => _source!.Keys(source, keyMask);

    /// <summary>Applies the block to [batch, tokens, width]; the routing is null for a dense block.</summary>
    public (Tensor Output, Routing? Routing) Forward(Tensor x, LayerContext context, KeyValueCache? cache = null, SourceKeys? source = null)
    {
        Philox? random = context.Routing.Random;
        x += _dropout.Forward(_attention.Forward(_attentionNorm.Forward(x), context.Rotary, context.Positions, cache, context.KeyMask), random);
        if (_source is not null) x += _dropout.Forward(_source.Forward(_sourceNorm!.Forward(x), source!), random);
        Tensor normed = _feedForwardNorm.Forward(x);
        if (_dense is not null) return (x + _dropout.Forward(_dense.Forward(normed), random), null);

        int tokens = x.Shape[0] * x.Shape[1];
        (Tensor output, Routing routing) = _mixture!.Forward(normed.Reshape([tokens, x.Shape[2]]), context.Routing); // [batch · tokens, width]
        return (x + _dropout.Forward(output.Reshape(x.Shape), random), routing);
    }
}

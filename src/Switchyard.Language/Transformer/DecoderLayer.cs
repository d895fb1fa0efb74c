using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Language.Transformer;

/// <summary>One transformer block: x += attention(norm(x)); x += experts(norm(x)), or a dense feed-forward block.</summary>
internal sealed class DecoderLayer : Module
{
    private readonly RmsNorm _attentionNorm;
    private readonly MultiHeadAttention _attention;
    private readonly RmsNorm _feedForwardNorm;
    private readonly FeedForward? _dense;
    private readonly MoeLayer? _mixture;
    private readonly Dropout _dropout;

    public DecoderLayer(DecoderOptions options, int layer, Philox random)
    {
        double deviation = options.ActualDeviation;
        // The residual stream is a sum over 2·layers blocks: their last matrices start smaller (GPT-2, §2.3).
        double residualDeviation = deviation / Math.Sqrt(2 * options.Layers);
        _dropout = AddChild("dropout", new Dropout(options.Dropout));
        _attention = AddChild("self_attn", new MultiHeadAttention(
            new AttentionOptions
            {
                Width = options.Width,
                Heads = options.Heads,
                KeyValueHeads = options.ActualKeyValueHeads,
                HeadWidth = options.ActualHeadWidth,
                QueryKeyNorm = options.QueryKeyNorm,
                NormEpsilon = options.NormEpsilon,
                Clip = options.ClipQkv,
            },
            random, deviation, residualDeviation));
        if (options.IsMixture(layer))
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
        _feedForwardNorm = AddChild("post_attention_layernorm", new RmsNorm(options.Width, options.NormEpsilon));
    }

    /// <summary>Applies the block to [batch, tokens, width]; the routing is null for a dense block.</summary>
    public (Tensor Output, Routing? Routing) Forward(Tensor x, RotaryTable rotary, Tensor positions, KeyValueCache? cache, RoutingContext context)
    {
        x += _dropout.Forward(_attention.Forward(_attentionNorm.Forward(x), rotary, positions, cache), context.Random);
        Tensor normed = _feedForwardNorm.Forward(x);
        if (_dense is not null) return (x + _dropout.Forward(_dense.Forward(normed), context.Random), null);

        int tokens = x.Shape[0] * x.Shape[1];
        (Tensor output, Routing routing) = _mixture!.Forward(normed.Reshape([tokens, x.Shape[2]]), context); // [batch · tokens, width]
        return (x + _dropout.Forward(output.Reshape(x.Shape), context.Random), routing);
    }
}

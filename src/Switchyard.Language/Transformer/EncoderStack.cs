using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Language.Transformer;

/// <summary>The blocks of an encoder and the norm after them: every token sees every other that is no padding.</summary>
internal sealed class EncoderStack : Module
{
    private readonly TransformerOptions _options;
    private readonly Dropout _dropout;
    private readonly TransformerLayer[] _layers;
    private readonly RmsNorm _norm;
    private RotaryTable? _rotary;

    public EncoderStack(TransformerOptions options, Philox random)
    {
        _options = options;
        _dropout = AddChild("dropout", new Dropout(options.Dropout));
        _layers = new TransformerLayer[options.Layers];
        for (int layer = 0; layer < _layers.Length; layer++)
            _layers[layer] = AddChild($"layers.{layer}", new TransformerLayer(options, new(options.IsMixture(layer), IsCausal: false), options.Layers, random));
        _norm = AddChild("norm", new RmsNorm(options.Width, options.NormEpsilon));
    }

    /// <summary>Applies the stack to embeddings [batch, tokens, width].</summary>
    public (Tensor Hidden, List<Routing> Routings) Forward(Tensor embedded, RoutingContext context, Tensor? mask)
    {
        Tensor x = _dropout.Forward(embedded, context.Random); // [batch, tokens, width]
        if (_rotary?.Type != x.Type) _rotary = new(_options.RopeTheta, _options.ActualHeadWidth, _options.Context, x.Type);
        LayerContext layerContext = new(_rotary, TokenContext.Places(context, x.Shape[1]), context, mask);
        List<Routing> routings = new(_layers.Length);
        foreach (TransformerLayer layer in _layers)
        {
            (x, Routing? routing) = layer.Forward(x, layerContext);
            if (routing is not null) routings.Add(routing);
        }
        return (_norm.Forward(x), routings);
    }
}

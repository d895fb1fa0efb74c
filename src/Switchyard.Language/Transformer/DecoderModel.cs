using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Language.Transformer;

/// <summary>
/// A causal decoder: embedding, blocks, norm, output layer. Parameters are named as in Hugging Face's checkpoints,
/// except that one tensor per projection holds all experts of a layer.
/// </summary>
public sealed class DecoderModel : CausalModel
{
    private readonly Embedding _embedding;
    private readonly Dropout _dropout;
    private readonly TransformerLayer[] _layers;
    private readonly RmsNorm _norm;
    private readonly Linear? _head;
    private RotaryTable _rotary;

    /// <summary>Makes a model with random weights.</summary>
    /// <param name="options">Its dimensions.</param>
    /// <param name="random">Draws the initial weights.</param>
    /// <exception cref="ArgumentException">The dimensions do not fit together.</exception>
    public DecoderModel(DecoderOptions options, Philox random)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        Options = options;
        _embedding = AddChild("model.embed_tokens", new Embedding(options.Vocabulary, options.Width, random, 0.02));
        _dropout = AddChild("dropout", new Dropout(options.Dropout));
        _layers = new TransformerLayer[options.Layers];
        for (int layer = 0; layer < _layers.Length; layer++)
            _layers[layer] = AddChild($"model.layers.{layer}", new TransformerLayer(options, new(options.IsMixture(layer), IsCausal: true), options.Layers, random));
        _norm = AddChild("model.norm", new RmsNorm(options.Width, options.NormEpsilon));
        if (!options.TieEmbeddings) _head = AddChild("lm_head", new Linear(options.Width, options.Vocabulary, random, 0.02));
        _rotary = NewRotaryTable();
    }

    /// <inheritdoc/>
    public override DecoderOptions Options { get; }

    /// <inheritdoc/>
    /// <remarks>Causal attention sees half the window on average.</remarks>
    public override double TrainingFlopsPerToken
    {
        get
        {
            long multiplying = MultiplyingParameterCount(Options.TieEmbeddings ? 0 : (long)Options.Vocabulary * Options.Width);
            double attention = 2.0 * 2 * Options.Heads * Options.ActualHeadWidth * (Options.Context / 2.0) * Options.Layers;
            return 6.0 * multiplying + 3 * attention;
        }
    }

    /// <inheritdoc/>
    public override SequenceState NewState()
        => new DecoderState(Array.ConvertAll(_layers, _ => new KeyValueCache(Options.Context, Options.ActualKeyValueHeads, Options.ActualHeadWidth)));

    /// <inheritdoc/>
    protected override LanguageModelOutput Forward(Tensor ids, RoutingContext context, SequenceState? state)
    {
        KeyValueCache[]? caches = ((DecoderState?)state)?.Caches;
        Tensor x = _dropout.Forward(_embedding.Forward(ids), context.Random); // [batch, tokens, width]
        if (_rotary.Type != x.Type) _rotary = NewRotaryTable(); // the parameters were converted
        // The same in every sequence; a rank may have none.
        Tensor positions = TokenContext.Places(context, ids.Shape[1]); // [tokens]
        LayerContext layerContext = new(_rotary, positions, context);
        List<Routing> routings = new(_layers.Length);
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            (x, Routing? routing) = _layers[layer].Forward(x, layerContext, caches?[layer]);
            if (routing is not null) routings.Add(routing);
        }
        x = _norm.Forward(x);
        Tensor logits = _head is null ? Tensor.Linear(x, _embedding.Weight) : _head.Forward(x); // [batch, tokens, vocabulary]
        return new LanguageModelOutput(logits, routings);
    }

    private RotaryTable NewRotaryTable() => new(Options.RopeTheta, Options.ActualHeadWidth, Options.Context, _embedding.Weight.Type);

    /// <summary>The keys and values of every layer.</summary>
    private sealed class DecoderState(KeyValueCache[] caches) : SequenceState
    {
        public KeyValueCache[] Caches => caches;

        public override void Clear()
        {
            base.Clear();
            foreach (KeyValueCache cache in caches) cache.Clear();
        }

        public override void Dispose()
        {
            foreach (KeyValueCache cache in caches) cache.Dispose();
        }
    }
}

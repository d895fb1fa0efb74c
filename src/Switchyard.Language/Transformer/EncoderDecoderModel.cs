using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Language.Transformer;

/// <summary>
/// An encoder that reads a source and a causal decoder that looks at it by cross-attention (Vaswani et al. 2017), of the
/// blocks of <see cref="DecoderModel"/>. Source and target share one vocabulary and one embedding.
/// </summary>
public sealed class EncoderDecoderModel : LanguageModel
{
    private readonly Embedding _embedding;
    private readonly EncoderStack _encoder;
    private readonly Dropout _dropout;
    private readonly TransformerLayer[] _layers;
    private readonly RmsNorm _norm;
    private readonly Linear? _head;
    private RotaryTable? _rotary;

    /// <summary>Makes a model with random weights.</summary>
    /// <param name="options">Its dimensions.</param>
    /// <param name="random">Draws the initial weights.</param>
    /// <exception cref="ArgumentException">The dimensions do not fit together.</exception>
    public EncoderDecoderModel(EncoderDecoderOptions options, Philox random)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        Options = options;
        _embedding = AddChild("embed_tokens", new Embedding(options.Vocabulary, options.Width, random, 0.02));
        _encoder = AddChild("encoder", new EncoderStack(options, random));
        _dropout = AddChild("decoder.dropout", new Dropout(options.Dropout));
        _layers = new TransformerLayer[options.ActualDecoderLayers];
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            LayerKind kind = new(options.IsDecoderMixture(layer), IsCausal: true, SeesSource: true);
            _layers[layer] = AddChild($"decoder.layers.{layer}", new TransformerLayer(options, kind, _layers.Length, random));
        }
        _norm = AddChild("decoder.norm", new RmsNorm(options.Width, options.NormEpsilon));
        if (!options.TieEmbeddings) _head = AddChild("head", new Linear(options.Width, options.Vocabulary, random, 0.02));
    }

    /// <inheritdoc/>
    public override EncoderDecoderOptions Options { get; }

    /// <inheritdoc/>
    /// <remarks>For a target token with one source token beside it; scores of attention are left out, sentences being short.</remarks>
    public override double TrainingFlopsPerToken => 6.0 * MultiplyingParameterCount(Options.TieEmbeddings ? 0 : (long)Options.Vocabulary * Options.Width);

    /// <summary>Reads sources.</summary>
    /// <param name="ids">Int32 [batch, source tokens].</param>
    /// <param name="mask">1 for a token and 0 for padding, Int32 [batch, source tokens]; null where all are tokens.</param>
    /// <param name="random">Dropout and router noise while training; null for none.</param>
    public EncodedSource Encode(Tensor ids, Tensor? mask = null, Philox? random = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        (Tensor hidden, List<Routing> routings) = _encoder.Forward(_embedding.Forward(ids), OfAllRanks(TokenContext.Of(ids, random, mask: mask)), mask);
        return new EncodedSource([.. _layers.Select(layer => layer.Keys(hidden, mask))], routings);
    }

    /// <summary>The state before the first token of translations of one source.</summary>
    /// <param name="sequences">The most that are followed side by side.</param>
    public TranslationState NewState(int sequences)
        => new(Array.ConvertAll(_layers, _ => new KeyValueCache(Options.Context, Options.ActualKeyValueHeads, Options.ActualHeadWidth, sequences)));

    /// <summary>Scores the next token at every place of the targets.</summary>
    /// <param name="source">What was read: as many sequences as there are targets, or one for all of them.</param>
    /// <param name="ids">Int32 [batch, target tokens].</param>
    /// <param name="mask">1 for a token and 0 for padding, Int32 [batch, target tokens]; null where all are tokens.</param>
    /// <param name="random">Dropout and router noise while training; null for none.</param>
    /// <param name="state">What came before, which then holds these tokens too; null at the beginning.</param>
    /// <returns>Logits [batch, target tokens, vocabulary], and the routings of encoder and decoder.</returns>
    public LanguageModelOutput Decode(EncodedSource source, Tensor ids, Tensor? mask = null, Philox? random = null, TranslationState? state = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(ids);
        RoutingContext context = OfAllRanks(TokenContext.Of(ids, random, state?.Length ?? 0, state is null ? [] : state.Last, mask));
        Tensor x = _dropout.Forward(_embedding.Forward(ids), random); // [batch, target tokens, width]
        if (_rotary?.Type != x.Type) _rotary = new(Options.RopeTheta, Options.ActualHeadWidth, Options.Context, x.Type);
        // Padding stands behind the tokens: no token sees it, causally.
        LayerContext layerContext = new(_rotary, TokenContext.Places(context, ids.Shape[1]), context);
        List<Routing> routings = [.. source.Routings];
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            (x, Routing? routing) = _layers[layer].Forward(x, layerContext, state?.Caches[layer], source.Keys[layer]);
            if (routing is not null) routings.Add(routing);
        }
        x = _norm.Forward(x);
        state?.Advance(ids);
        return new LanguageModelOutput(_head is null ? Tensor.Linear(x, _embedding.Weight) : _head.Forward(x), routings);
    }
}

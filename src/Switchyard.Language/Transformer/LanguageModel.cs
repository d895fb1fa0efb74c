using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Language.Transformer;

/// <summary>What a forward pass gives.</summary>
/// <param name="Logits">Scores of the next token [batch, tokens, vocabulary].</param>
/// <param name="Routings">The routing of every mixture layer, in order.</param>
public sealed record DecoderOutput(Tensor Logits, IReadOnlyList<Routing> Routings)
{
    /// <summary>The sum of all routing losses, or null if there are none.</summary>
    public Tensor? RoutingLoss()
    {
        Tensor? total = null;
        foreach (Routing routing in Routings)
            if (routing.TotalLoss() is { } loss) total = total is null ? loss : total + loss;
        return total;
    }
}

/// <summary>
/// A causal decoder: embedding, blocks, norm, output layer. Parameters are named as in Hugging Face's checkpoints,
/// except that one tensor per projection holds all experts of a layer.
/// </summary>
public sealed class LanguageModel : Module
{
    private readonly Embedding _embedding;
    private readonly Dropout _dropout;
    private readonly DecoderLayer[] _layers;
    private readonly RmsNorm _norm;
    private readonly Linear? _head;
    private RotaryTable _rotary;

    /// <summary>Makes a model with random weights.</summary>
    /// <param name="options">Its dimensions.</param>
    /// <param name="random">Draws the initial weights.</param>
    /// <exception cref="ArgumentException">The dimensions do not fit together.</exception>
    public LanguageModel(DecoderOptions options, Philox random)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        Options = options;
        _embedding = AddChild("model.embed_tokens", new Embedding(options.Vocabulary, options.Width, random, 0.02));
        _dropout = AddChild("dropout", new Dropout(options.Dropout));
        _layers = new DecoderLayer[options.Layers];
        for (int layer = 0; layer < _layers.Length; layer++)
            _layers[layer] = AddChild($"model.layers.{layer}", new DecoderLayer(options, layer, random));
        _norm = AddChild("model.norm", new RmsNorm(options.Width, options.NormEpsilon));
        if (!options.TieEmbeddings) _head = AddChild("lm_head", new Linear(options.Width, options.Vocabulary, random, 0.02));
        _rotary = NewRotaryTable();
    }

    /// <summary>The dimensions.</summary>
    public DecoderOptions Options { get; }

    /// <summary>How many numbers are learnt.</summary>
    public long ParameterCount => Parameters().Sum(static parameter => parameter.Tensor.Elements);

    /// <summary>How many of them work for one token: all but the experts that it does not choose.</summary>
    public long ActiveParameterCount
    {
        get
        {
            long experts = Parameters().Where(static parameter => parameter.Name.Contains(".experts.", StringComparison.Ordinal)).Sum(static parameter => parameter.Tensor.Elements);
            return ParameterCount - experts + (Options.HasExperts ? (long)(experts * Options.Routing.ExpertsPerToken(Options.Experts) / Options.Experts) : 0);
        }
    }

    /// <summary>
    /// Floating-point operations of one training step per token, forward and backward: 6 per active parameter that
    /// multiplies (the embedding only looks up), and causal attention, which sees half the window on average.
    /// </summary>
    public double TrainingFlopsPerToken
    {
        get
        {
            long multiplying = ActiveParameterCount - (Options.TieEmbeddings ? 0 : (long)Options.Vocabulary * Options.Width);
            double attention = 2.0 * 2 * Options.Heads * Options.ActualHeadWidth * (Options.Context / 2.0) * Options.Layers;
            return 6.0 * multiplying + 3 * attention;
        }
    }

    /// <summary>Empty caches, one per layer, to continue a sequence token by token.</summary>
    public KeyValueCache[] NewCaches() => Array.ConvertAll(_layers, _ => new KeyValueCache(Options.Context, Options.ActualKeyValueHeads, Options.ActualHeadWidth));

    /// <summary>Scores the next token at every position.</summary>
    /// <param name="ids">Int32 [batch, tokens].</param>
    /// <param name="random">Dropout and router noise while training; null for none.</param>
    /// <param name="caches">What came before, one per layer; null at the beginning.</param>
    /// <param name="previousId">The last id of what came before; null at the beginning.</param>
    public DecoderOutput Forward(Tensor ids, Philox? random = null, KeyValueCache[]? caches = null, int? previousId = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        Tensor x = _dropout.Forward(_embedding.Forward(ids), random); // [batch, tokens, width]
        if (_rotary.Type != x.Type) _rotary = NewRotaryTable(); // the parameters were converted
        Tensor positions = Positions(caches?[0].Length ?? 0, ids.Shape[1]);
        RoutingContext context = Context(ids, positions, previousId, random);
        List<Routing> routings = new(_layers.Length);
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            (x, Routing? routing) = _layers[layer].Forward(x, _rotary, positions, caches?[layer], context);
            if (routing is not null) routings.Add(routing);
        }
        x = _norm.Forward(x);
        Tensor logits = _head is null ? Tensor.Linear(x, _embedding.Weight) : _head.Forward(x); // [batch, tokens, vocabulary]
        return new DecoderOutput(logits, routings);
    }

    /// <summary>What gates may look at beside the hidden vectors.</summary>
    private static RoutingContext Context(Tensor ids, Tensor positions, int? previousId, Philox? random)
    {
        int batch = ids.Shape[0], length = ids.Shape[1];
        Tensor previous = Tensor.Empty([batch * length], ElementType.Int32), places = Tensor.Empty([batch * length], ElementType.Int32);
        ReadOnlySpan<int> id = ids.AsReadOnlySpan<int>(), position = positions.AsReadOnlySpan<int>();
        Span<int> before = previous.AsSpan<int>(), place = places.AsSpan<int>();
        for (int start = 0; start < id.Length; start += length)
        {
            id.Slice(start, length - 1).CopyTo(before[(start + 1)..]);
            before[start] = previousId ?? id[start];
            position.CopyTo(place[start..]);
        }
        return new RoutingContext(random) { TokenIds = ids.Reshape([batch * length]), PreviousIds = previous, Positions = places, Sequences = batch };
    }

    private RotaryTable NewRotaryTable() => new(Options.RopeTheta, Options.ActualHeadWidth, Options.Context, _embedding.Weight.Type);

    private static Tensor Positions(int first, int count)
    {
        Tensor positions = Tensor.Empty([count], ElementType.Int32); // [tokens]
        Span<int> position = positions.AsSpan<int>();
        for (int i = 0; i < count; i++) position[i] = first + i;
        return positions;
    }
}

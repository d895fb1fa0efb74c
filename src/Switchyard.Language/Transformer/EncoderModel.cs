using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Language.Transformer;

/// <summary>
/// A bidirectional encoder that scores the token at every place, or at those that were masked (BERT, arXiv 1810.04805):
/// embedding, blocks, norm, output layer, all as in <see cref="DecoderModel"/> but without its causal mask.
/// </summary>
public sealed class EncoderModel : LanguageModel
{
    private readonly Embedding _embedding;
    private readonly EncoderStack _stack;
    private readonly Linear? _head;

    /// <summary>Makes a model with random weights.</summary>
    /// <param name="options">Its dimensions.</param>
    /// <param name="random">Draws the initial weights.</param>
    /// <exception cref="ArgumentException">The dimensions do not fit together.</exception>
    public EncoderModel(EncoderOptions options, Philox random)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        Options = options;
        _embedding = AddChild("embed_tokens", new Embedding(options.Vocabulary, options.Width, random, 0.02));
        _stack = AddChild("encoder", new EncoderStack(options, random));
        if (!options.TieEmbeddings) _head = AddChild("head", new Linear(options.Width, options.Vocabulary, random, 0.02));
    }

    /// <inheritdoc/>
    public override EncoderOptions Options { get; }

    /// <inheritdoc/>
    /// <remarks>Every token sees the whole window. The output layer is left out: it works for few places.</remarks>
    public override double TrainingFlopsPerToken
    {
        get
        {
            long embeddings = (long)Options.Vocabulary * Options.Width * (Options.TieEmbeddings ? 1 : 2);
            double attention = 2.0 * 2 * Options.Heads * Options.ActualHeadWidth * Options.Context * Options.Layers;
            return 6.0 * MultiplyingParameterCount(embeddings) + 3 * attention;
        }
    }

    /// <summary>Scores tokens.</summary>
    /// <param name="ids">What is seen, Int32 [batch, tokens].</param>
    /// <param name="random">Dropout and router noise while training; null for none.</param>
    /// <param name="places">Which places of [batch · tokens] are scored, Int32 [places]; null for all.</param>
    /// <param name="routingIds">The ids that gates by id look at, Int32 [batch, tokens]; null for what is seen.</param>
    /// <param name="mask">1 for a token and 0 for padding, Int32 [batch, tokens]; null where all are tokens.</param>
    /// <returns>Logits [batch, tokens, vocabulary], or [places, vocabulary].</returns>
    public LanguageModelOutput Forward(Tensor ids, Philox? random = null, Tensor? places = null, Tensor? routingIds = null, Tensor? mask = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        RoutingContext context = OfAllRanks(TokenContext.Of(routingIds ?? ids, random, mask: mask));
        (Tensor hidden, List<Routing> routings) = _stack.Forward(_embedding.Forward(ids), context, mask);
        if (places is not null) hidden = hidden.Reshape([(int)ids.Elements, Options.Width]).IndexSelect(0, places); // [places, width]
        Tensor logits = _head is null ? Tensor.Linear(hidden, _embedding.Weight) : _head.Forward(hidden);
        return new LanguageModelOutput(logits, routings);
    }
}

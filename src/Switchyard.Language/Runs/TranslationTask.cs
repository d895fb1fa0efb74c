using Switchyard.Experts;
using Switchyard.Language.Text;
using Switchyard.Language.Tokenizers;
using Switchyard.Language.Transformer;
using Switchyard.Language.Translation;
using Switchyard.Tensors;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Language.Runs;

/// <summary>Translation of sentences, learnt from pairs with teacher forcing.</summary>
public sealed class TranslationTask : LanguageTask
{
    private const int Samples = 5;

    private readonly EncoderDecoderModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly TranslationMarks _marks;
    private readonly PairSampler _pairs;
    private readonly TokenPairs _heldOut;
    private readonly LearningOptions _learning;

    /// <summary>Makes a task.</summary>
    /// <param name="model">What learns.</param>
    /// <param name="tokenizer">It has the marks <see cref="TranslationMarks.Texts"/>.</param>
    /// <param name="pairs">What it learns from.</param>
    /// <param name="heldOut">What it is judged by.</param>
    /// <param name="learning">Pairs per micro-batch, and label smoothing.</param>
    public TranslationTask(EncoderDecoderModel model, Tokenizer tokenizer, PairSampler pairs, TokenPairs heldOut, LearningOptions learning)
        : base(model)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(learning);
        learning.CheckBatch(model.Options.Context);
        (_model, _tokenizer, _marks, _pairs, _heldOut, _learning) = (model, tokenizer, TranslationMarks.Of(tokenizer), pairs, heldOut, learning);
    }

    /// <inheritdoc/>
    public override long TokensPerMicroBatch => _pairs.PredictionsPerBatch;

    /// <inheritdoc/>
    public override TaskLoss Loss(long microBatch, Philox random)
    {
        IReadOnlyList<TokenPair> pairs = _pairs.Batch(microBatch);
        BatchShare share = BatchShare.Of(pairs.Count, _model.Ranks);
        PairBatch batch = new(pairs, _marks, share);
        random = share.Part(random);
        EncodedSource source = _model.Encode(batch.Source, batch.SourceMask, random);
        return Loss(_model.Decode(source, batch.Inputs, batch.InputMask, random), batch.Targets, batch.Predictions, _learning.LabelSmoothing);
    }

    /// <inheritdoc/>
    public override HeldOutPairs Evaluate(IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        PairEvaluation evaluation = TranslationEvaluator.Evaluate(
            _model, _heldOut, _marks, _learning.Batch, done => progress?.Report(new("evaluating", "pairs", done, _heldOut.All.Count)), cancellation);
        return new HeldOutPairs(evaluation, Metrics(evaluation.Layers, evaluation.MainExperts));
    }

    /// <inheritdoc/>
    public override TaskReport Report() => new()
    {
        Loss = "Cross-entropy of the next token of the translation: on each batch while training, without label smoothing, and on pairs that were held out.",
        Samples = Translator.CanTranslate(_model.Options) ? Translations() : [],
        RoutedTexts = _model.Options.HasExperts ? Routed(_heldOut.All[0]) : [],
    };

    private List<TextSample> Translations()
    {
        Translator translator = new(_model, _tokenizer, new BeamOptions());
        return [.. _heldOut.All.Take(Samples).Select(pair =>
        {
            string source = _tokenizer.Decode(pair.Source);
            return new TextSample(source, $"\n→ {translator.Translate(source).Text}", $"reference: {_tokenizer.Decode(pair.Target)}");
        })];
    }

    private List<RoutedText> Routed(TokenPair pair)
    {
        using Gradients.Pause pause = Gradients.Paused();
        using TensorScope scope = new();
        _model.Train(false);
        PairBatch batch = new([pair], _marks);
        IReadOnlyList<Routing> routings = _model.Decode(_model.Encode(batch.Source), batch.Inputs).Routings;
        int first = _model.Options.Layers;
        return
        [
            new("a held-out sentence, read", Texts([.. pair.Source, _marks.End]), Choices(routings, layer => layer < first)),
            new("its translation, written", Texts([_marks.Start, .. pair.Target]), Choices(routings, layer => layer >= first)),
        ];
    }

    private string[] Texts(int[] tokens) => Array.ConvertAll(tokens, token => _tokenizer.Decode([token]));
}

/// <summary>An evaluation on pairs that were held out.</summary>
/// <param name="Pairs">The figures.</param>
/// <param name="Layers">The routing of each mixture layer.</param>
public sealed record HeldOutPairs(PairEvaluation Pairs, IReadOnlyList<LayerMetrics> Layers)
    : LanguageEvaluation(Pairs.NatsPerToken, Pairs.Tokens, Layers)
{
    /// <inheritdoc/>
    public override string Headline => $"{Pairs.NatsPerToken:f4} nats per token";

    /// <inheritdoc/>
    public override string Description => $"{Headline} of the held-out translations (perplexity {Pairs.Perplexity:f2})";

    /// <inheritdoc/>
    public override IReadOnlyList<(string Name, double? Value)> Summary => [("validation_loss", Pairs.NatsPerToken), ("perplexity", Pairs.Perplexity)];

    /// <inheritdoc/>
    public override double DroppedFraction => RoutingStatistics.DroppedFractionOf(Pairs.Layers);
}

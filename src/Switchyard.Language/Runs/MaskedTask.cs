using System.Globalization;
using Switchyard.Experts;
using Switchyard.Language.Masking;
using Switchyard.Language.Text;
using Switchyard.Language.Tokenizers;
using Switchyard.Language.Transformer;
using Switchyard.Tensors;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Language.Runs;

/// <summary>Guessing the hidden tokens of windows of a text (BERT, arXiv 1810.04805). What is hidden is a function of the seed and the window's number.</summary>
public sealed class MaskedTask : LanguageTask
{
    private const int Samples = 3, SampleTokens = 48;

    private readonly EncoderModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly MaskingOptions _masking;
    private readonly WindowSampler _windows;
    private readonly EvaluationWindows _heldOut;
    private readonly LearningOptions _learning;
    private readonly TokenMasker _masker;
    private readonly int _mask;
    private readonly Philox _masks;

    /// <summary>Makes a task.</summary>
    /// <param name="model">What learns.</param>
    /// <param name="tokenizer">It has the mark <see cref="MaskFiller.Mark"/>.</param>
    /// <param name="masking">Which tokens are hidden, and how.</param>
    /// <param name="windows">What it learns from.</param>
    /// <param name="heldOut">What it is judged by.</param>
    /// <param name="learning">Windows per micro-batch, label smoothing, and the seed.</param>
    public MaskedTask(EncoderModel model, Tokenizer tokenizer, MaskingOptions masking, WindowSampler windows, EvaluationWindows heldOut, LearningOptions learning)
        : base(model)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(windows);
        ArgumentNullException.ThrowIfNull(learning);
        learning.CheckBatch(windows.WindowLength);
        (_model, _tokenizer, _masking, _windows, _heldOut, _learning) = (model, tokenizer, masking, windows, heldOut, learning);
        _mask = tokenizer.Mark(MaskFiller.Mark);
        _masker = new TokenMasker(masking, model.Options.Vocabulary, _mask, tokenizer.IsSpecial);
        _masks = new Philox(learning.Seed).Split("masks");
    }

    /// <inheritdoc/>
    public override long TokensPerMicroBatch => (long)_learning.Batch * _windows.WindowLength;

    /// <inheritdoc/>
    public override TaskLoss Loss(long microBatch, Philox random)
    {
        BatchShare share = BatchShare.Of(_learning.Batch, _model.Ranks);
        MaskedWindows windows = new(share.Count, _windows.WindowLength);
        for (int i = 0; i < share.Count; i++)
        {
            long window = microBatch * _learning.Batch + share.First + i;
            windows.Add(i, _windows.Window(window), _masker, _masks.Split((ulong)window));
        }
        LanguageModelOutput output = _model.Forward(windows.Ids, share.Part(random), windows.Places, windows.RoutingIds(_mask, _masking.Routing, _model.Options.Vocabulary));
        return Loss(output, windows.Targets, (long)share.Count * _windows.WindowLength, _learning.LabelSmoothing, GuessedPer(share, windows));
    }

    // Ranks count by their windows, and windows of one length have more or fewer hidden tokens.
    private double? GuessedPer(BatchShare share, MaskedWindows windows)
    {
        if (_model.Ranks is not { } ranks) return null;
        long[] guessed = [windows.Guessed];
        ranks.AllReduce<long>(guessed);
        return (double)guessed[0] * share.Count / share.All;
    }

    /// <inheritdoc/>
    public override HeldOutMasks Evaluate(IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        MaskedEvaluation evaluation = MaskedEvaluator.Evaluate(
            _model, _masking, _mask, _tokenizer.IsSpecial, _heldOut, _learning.Batch, done => progress?.Report(new("evaluating", "windows", done, _heldOut.Count)), cancellation);
        return new HeldOutMasks(evaluation, Metrics(evaluation.Layers, evaluation.MainExperts));
    }

    /// <inheritdoc/>
    public override TaskReport Report()
    {
        int length = Math.Min(SampleTokens, _heldOut.WindowLength);
        return new TaskReport
        {
            Loss = "Cross-entropy of the hidden tokens: on each batch while training, and on text that was held out, where the same tokens are hidden every time.",
            Samples = [.. Enumerable.Range(0, Math.Min(Samples, _heldOut.Count)).Select(window => Sample(_heldOut[window][..length], window))],
            RoutedTexts = _model.Options.HasExperts ? [Routed()] : [],
        };
    }

    private TextSample Sample(ReadOnlySpan<int> window, int number)
    {
        // Only masks, no tokens drawn at random: the reader is to see what there is to guess.
        int[] ids = window.ToArray(), labels = new int[ids.Length];
        new TokenMasker(_masking with { MaskShare = 1, RandomShare = 0 }, _model.Options.Vocabulary, _mask, _tokenizer.IsSpecial).Mask(ids, labels, new Philox((ulong)number).Split("sample"));
        string text = _tokenizer.Decode(ids);
        FilledText filled = new MaskFiller(_model, _tokenizer, _masking).Fill(text, 1);
        int[] places = [.. Enumerable.Range(0, ids.Length).Where(place => labels[place] != TokenMasker.NotGuessed)];
        string guesses = string.Join(", ", filled.Masks.Zip(places, (mask, place) =>
            string.Create(CultureInfo.InvariantCulture, $"'{mask[0].Text}' ({mask[0].Probability:p0}) for '{_tokenizer.Decode([labels[place]])}'")));
        return new TextSample(text, $"\n→ {filled.Text}", guesses);
    }

    private RoutedText Routed()
    {
        using Gradients.Pause pause = Gradients.Paused();
        using TensorScope scope = new();
        _model.Train(false);
        MaskedWindows window = new(1, _heldOut.WindowLength);
        window.Add(0, _heldOut[0], _masker, new Philox(0).Split("shown"));
        Tensor ids = window.Ids; // [1, window length]
        IReadOnlyList<Routing> routings = _model.Forward(ids, routingIds: window.RoutingIds(_mask, _masking.Routing, _model.Options.Vocabulary)).Routings;
        return new RoutedText("the beginning of the held-out text, as the model saw it", [.. ids.ToArray<int>().Select(id => _tokenizer.Decode([id]))], Choices(routings, static _ => true));
    }
}

/// <summary>An evaluation on hidden tokens of held-out text.</summary>
/// <param name="Masks">The figures.</param>
/// <param name="Layers">The routing of each mixture layer.</param>
public sealed record HeldOutMasks(MaskedEvaluation Masks, IReadOnlyList<LayerMetrics> Layers)
    : LanguageEvaluation(Masks.NatsPerToken, Masks.Guessed, Layers)
{
    /// <inheritdoc/>
    public override string Headline => $"{Masks.NatsPerToken:f4} nats per hidden token";

    /// <inheritdoc/>
    public override string Description => $"{Headline} of the held-out text, {Masks.Accuracy:p1} guessed right";

    /// <inheritdoc/>
    public override IReadOnlyList<(string Name, double? Value)> Summary => [("validation_loss", Masks.NatsPerToken), ("accuracy", Masks.Accuracy)];

    /// <inheritdoc/>
    public override double DroppedFraction => RoutingStatistics.DroppedFractionOf(Masks.Layers);
}

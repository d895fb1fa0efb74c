using Switchyard.Experts;
using Switchyard.Language.Evaluations;
using Switchyard.Language.Text;
using Switchyard.Language.Transformer;
using Switchyard.Tensors;

namespace Switchyard.Language.Translation;

/// <summary>How well a model predicts translations.</summary>
/// <param name="Nats">Sum of -ln p over all tokens of the translations, their ends included.</param>
/// <param name="Tokens">How many tokens these are.</param>
/// <param name="Layers">What the gate of each mixture layer did, over all tokens.</param>
public sealed record PairEvaluation(double Nats, long Tokens, IReadOnlyList<RoutingStatistics> Layers)
{
    /// <summary>The expert with the largest say in each of the first tokens, for every mixture layer; see <see cref="Routing.MainExperts"/>.</summary>
    public IReadOnlyList<int[]> MainExperts { get; init; } = [];

    /// <summary>Mean surprise of a token, in nats.</summary>
    public double NatsPerToken => Nats / Tokens;

    /// <summary>e to the nats per token.</summary>
    public double Perplexity => Math.Exp(NatsPerToken);
}

/// <summary>Measures how well a model predicts given translations.</summary>
public static class TranslationEvaluator
{
    /// <summary>Predicts every pair, those of about the same length together; ranks that a model is shared out among predict their share each, and all get the sum. The model is in evaluation mode meanwhile.</summary>
    /// <param name="model">The model.</param>
    /// <param name="pairs">The pairs.</param>
    /// <param name="marks">The marks of the vocabulary.</param>
    /// <param name="batch">Pairs at a time; it does not change the result beyond rounding.</param>
    /// <param name="report">Called after every batch with the pairs done so far, or null.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static PairEvaluation Evaluate(
        EncoderDecoderModel model, TokenPairs pairs, TranslationMarks marks, int batch, Action<int>? report = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        using Gradients.Pause pause = Gradients.Paused();
        bool wasTraining = model.IsTraining;
        model.Train(false);
        try
        {
            double nats = 0;
            int done = 0;
            RoutingTotals routing = new();
            foreach (TokenPair[] part in pairs.All.OrderBy(static pair => pair.Target.Length).ThenBy(static pair => pair.Source.Length).Chunk(batch))
            {
                cancellation.ThrowIfCancellationRequested();
                using TensorScope scope = new();
                PairBatch padded = new(part, marks, BatchShare.Of(part.Length, model.Ranks));
                LanguageModelOutput output = model.Decode(model.Encode(padded.Source, padded.SourceMask), padded.Inputs, padded.InputMask);
                nats += Tensor.CrossEntropy(output.Logits.Reshape([(int)padded.Targets.Elements, model.Options.Vocabulary]), padded.Targets, reduction: LossReduction.Sum).ToDouble();
                routing.Add([.. output.Routings.Select(static one => one.Whole)], part.Sum(static pair => pair.Target.Length + 1L));
                report?.Invoke(done += part.Length);
            }
            double[] sums = [nats];
            model.Ranks?.AllReduce<double>(sums);
            return new PairEvaluation(sums[0], pairs.Predictions, routing.Layers) { MainExperts = routing.MainExperts };
        }
        finally
        {
            model.Train(wasTraining);
        }
    }
}

using Switchyard.Language.Evaluations;
using Switchyard.Language.Text;
using Switchyard.Language.Transformer;
using Switchyard.Tensors;

namespace Switchyard.Language.Masking;

/// <summary>Measures how well a model guesses hidden tokens. The same tokens are hidden every time, whatever the seed of a run.</summary>
public static class MaskedEvaluator
{
    /// <summary>Guesses the hidden tokens of every window; ranks that a model is shared out among guess in their share each, and all get the sum. The model is in evaluation mode meanwhile.</summary>
    /// <param name="model">The model.</param>
    /// <param name="masking">Which tokens are hidden.</param>
    /// <param name="mask">The token that hides others.</param>
    /// <param name="isSpecial">Whether a token is a mark, which is never hidden.</param>
    /// <param name="windows">The text.</param>
    /// <param name="batch">Windows at a time; it does not change the result beyond rounding.</param>
    /// <param name="report">Called after every batch with the windows done so far, or null.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static MaskedEvaluation Evaluate(
        EncoderModel model, MaskingOptions masking, int mask, Predicate<int> isSpecial, EvaluationWindows windows, int batch, Action<int>? report = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(masking);
        ArgumentNullException.ThrowIfNull(windows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        int vocabulary = model.Options.Vocabulary;
        TokenMasker masker = new(masking, vocabulary, mask, isSpecial);
        Philox random = new Philox(0).Split("held-out masks");
        using Gradients.Pause pause = Gradients.Paused();
        bool wasTraining = model.IsTraining;
        model.Train(false);
        try
        {
            double nats = 0;
            long guessed = 0, right = 0;
            RoutingTotals routing = new();
            int[] firstWindow = [];
            for (int first = 0; first < windows.Count; first += batch)
            {
                cancellation.ThrowIfCancellationRequested();
                using TensorScope scope = new();
                BatchShare share = BatchShare.Of(Math.Min(batch, windows.Count - first), model.Ranks);
                MaskedWindows part = new(share.Count, windows.WindowLength);
                for (int i = 0; i < share.Count; i++)
                {
                    int window = first + share.First + i;
                    part.Add(i, windows[window], masker, random.Split((ulong)window));
                }
                Tensor ids = part.Ids, targets = part.Targets; // [windows, window length] and [guessed]
                if (first == 0) firstWindow = ids.ToArray<int>()[..Math.Min(windows.WindowLength, (int)ids.Elements)];
                LanguageModelOutput output = model.Forward(ids, places: part.Places, routingIds: part.RoutingIds(mask, masking.Routing, vocabulary));
                nats += Tensor.CrossEntropy(output.Logits, targets, reduction: LossReduction.Sum).ToDouble();
                guessed += part.Guessed;
                right += output.Logits.ArgMax(-1).ToArray<int>().Zip(targets.ToArray<int>()).Count(static pair => pair.First == pair.Second);
                routing.Add([.. output.Routings.Select(static one => one.Whole)], (long)share.All * part.Length);
                report?.Invoke(first + share.All);
            }
            double[] sums = [nats, guessed, right];
            model.Ranks?.AllReduce<double>(sums);
            return new MaskedEvaluation(sums[0], (long)sums[1], (long)sums[2], routing.Layers) { MainExperts = routing.MainExperts, FirstWindow = firstWindow };
        }
        finally
        {
            model.Train(wasTraining);
        }
    }
}

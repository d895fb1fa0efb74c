using Switchyard.Language.Text;
using Switchyard.Language.Tokenizers;
using Switchyard.Tensors;

namespace Switchyard.Language.Evaluations;

/// <summary>Measures how well a model predicts a text: without noise, in a fixed order, with as many tokens at a time as a batch holds.</summary>
public static class TextEvaluator
{
    /// <summary>Predicts every window; ranks that a model is shared out among predict their share each, and all get the sum. The model is in evaluation mode meanwhile.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Tells how many bytes a token stands for.</param>
    /// <param name="windows">The text.</param>
    /// <param name="batch">Windows at a time; it does not change the result beyond rounding.</param>
    /// <param name="report">Called after every batch with the windows done so far, or null.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static TextEvaluation Evaluate(
        CausalModel model, Tokenizer tokenizer, EvaluationWindows windows, int batch, Action<int>? report = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(windows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        using Gradients.Pause pause = Gradients.Paused();
        bool wasTraining = model.IsTraining;
        model.Train(false);
        try
        {
            double nats = 0;
            long bytes = 0;
            RoutingTotals routing = new();
            int length = windows.WindowLength;
            for (int first = 0; first < windows.Count; first += batch)
            {
                cancellation.ThrowIfCancellationRequested();
                using TensorScope scope = new();
                int count = Math.Min(batch, windows.Count - first);
                BatchShare share = BatchShare.Of(count, model.Ranks);
                WindowBatch part = new(share.Count, length);
                for (int i = 0; i < share.Count; i++) part.Set(i, windows[first + share.First + i]);
                foreach (int target in part.Targets.AsReadOnlySpan<int>()) bytes += tokenizer.TokenBytes(target).Length;
                LanguageModelOutput output = model.Forward(part.Inputs);
                Tensor logits = output.Logits.Reshape([(int)part.Targets.Elements, model.Options.Vocabulary]); // [count · (length - 1), vocabulary]
                nats += Tensor.CrossEntropy(logits, part.Targets, reduction: LossReduction.Sum).ToDouble();
                routing.Add([.. output.Routings.Select(static one => one.Whole)], (long)count * (length - 1));
                report?.Invoke(first + count);
            }
            double[] sums = [nats, bytes];
            model.Ranks?.AllReduce<double>(sums);
            return new TextEvaluation(sums[0], windows.Predictions, (long)sums[1], routing.Layers) { MainExperts = routing.MainExperts };
        }
        finally
        {
            model.Train(wasTraining);
        }
    }
}

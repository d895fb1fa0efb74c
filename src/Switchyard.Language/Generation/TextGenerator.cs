using Switchyard.Tensors;

namespace Switchyard.Language.Generation;

/// <summary>Continues a sequence of tokens, one at a time.</summary>
public sealed class TextGenerator
{
    private readonly CausalModel _model;
    private readonly Sampler _sampler;

    /// <summary>Makes a generator. The model is put into evaluation mode.</summary>
    public TextGenerator(CausalModel model, Sampler sampler)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.Train(false);
        (_model, _sampler) = (model, sampler);
    }

    /// <summary>
    /// Draws tokens after a prompt, without end. When the window is full, the last half of it is read again and the
    /// rest forgotten.
    /// </summary>
    /// <param name="prompt">At least one token; only the last window of it counts.</param>
    /// <exception cref="ArgumentException">The prompt is empty.</exception>
    public IEnumerable<int> Continue(IReadOnlyList<int> prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (prompt.Count == 0) throw new ArgumentException("the prompt is empty: give at least one token");
        return Draw([.. prompt]);
    }

    private IEnumerable<int> Draw(List<int> window)
    {
        int context = _model.Options.Context;
        using SequenceState state = _model.NewState();
        if (window.Count >= context) window.RemoveRange(0, window.Count - context + 1);
        while (true)
        {
            int next = Next([.. window.Skip(state.Length)], state);
            yield return next;
            window.Add(next);
            if (window.Count <= context) continue;
            window.RemoveRange(0, window.Count - context / 2);
            state.Clear();
        }
    }

    private int Next(int[] ids, SequenceState state)
    {
        using Gradients.Pause pause = Gradients.Paused();
        using TensorScope scope = new();
        Tensor logits = _model.Forward(Tensor.From(ids, [1, ids.Length]), null, state).Logits; // [1, tokens, vocabulary]
        int vocabulary = logits.Shape[2];
        return _sampler.Next(logits.AsReadOnlySpan<float>()[^vocabulary..]);
    }
}

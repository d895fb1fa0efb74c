using Switchyard.Language.Tokenizers;
using Switchyard.Language.Transformer;
using Switchyard.Tensors;

namespace Switchyard.Language.Translation;

/// <summary>A translated line.</summary>
/// <param name="Text">The translation.</param>
/// <param name="Score">What translations are compared by; see <see cref="BeamOptions.Score"/>.</param>
/// <param name="LeftOut">Tokens at the end of the source that were not read, being more than the model sees at once.</param>
public sealed record TranslatedLine(string Text, double Score, int LeftOut);

/// <summary>Translates lines, one at a time, with a beam of translations that grow side by side.</summary>
public sealed class Translator
{
    private readonly EncoderDecoderModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly TranslationMarks _marks;
    private readonly BeamOptions _options;
    private readonly BeamSearch _search;

    /// <summary>Makes a translator. The model is put into evaluation mode.</summary>
    /// <exception cref="SwitchyardException">The decoder's gate looks at later tokens, or the tokenizer is another's.</exception>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public Translator(EncoderDecoderModel model, Tokenizer tokenizer, BeamOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (!CanTranslate(model.Options))
            throw new SwitchyardException($"the gate '{model.Options.Gate}' looks at later tokens, which are not there when a translation is made token by token", "train with a causal gate ('switchyard gates' lists them), or with --decoder-mixture-every 0");
        model.Train(false);
        (_model, _tokenizer, _marks, _options, _search) = (model, tokenizer, TranslationMarks.Of(tokenizer), options, new BeamSearch(options));
    }

    /// <summary>Whether a translation can be made token by token.</summary>
    public static bool CanTranslate(EncoderDecoderOptions model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Routing.IsCausal || !model.MixtureLayers.Any(layer => layer >= model.Layers);
    }

    /// <summary>Translates a line. An empty line stays empty.</summary>
    public TranslatedLine Translate(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (string.IsNullOrWhiteSpace(line)) return new TranslatedLine("", 0, 0);
        int[] source = _tokenizer.Encode(line);
        int read = Math.Min(source.Length, _model.Options.Context - 1);
        FinishedBeam best = Search([.. source[..read], _marks.End]);
        return new TranslatedLine(_tokenizer.Decode([.. best.Tokens], skipSpecial: true), best.Score, source.Length - read);
    }

    private FinishedBeam Search(int[] source)
    {
        using Gradients.Pause pause = Gradients.Paused();
        using TensorScope scope = new();
        EncodedSource encoded = _model.Encode(Tensor.From(source, [1, source.Length]));
        using TranslationState state = _model.NewState(_options.Width);
        int longest = Math.Min(_model.Options.Context, 2 * source.Length + 10);
        return _search.Search(live => Next(encoded, state, live), _marks.End, longest, best: 1)[0];
    }

    private double[] Next(EncodedSource source, TranslationState state, IReadOnlyList<LiveBeam> live)
    {
        using TensorScope scope = new();
        if (state.Length > 0) state.Select([.. live.Select(static beam => beam.Parent)]);
        int[] last = [.. live.Select(beam => beam.Tokens.Count == 0 ? _marks.Start : beam.Tokens[^1])];
        Tensor logits = _model.Decode(source, Tensor.From(last, [last.Length, 1]), state: state).Logits; // [live, 1, vocabulary]
        double[] logProbabilities = Array.ConvertAll(logits.LogSoftmax().ToArray<float>(), static number => (double)number);
        int vocabulary = logits.Shape[2];
        for (int start = 0; start < logProbabilities.Length; start += vocabulary)
        {
            logProbabilities[start + _marks.Padding] = double.NegativeInfinity;
            logProbabilities[start + _marks.Start] = double.NegativeInfinity;
        }
        return logProbabilities;
    }
}

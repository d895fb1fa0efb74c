using Switchyard.Language.Tokenizers;
using Switchyard.Language.Transformer;
using Switchyard.Tensors;

namespace Switchyard.Language.Masking;

/// <summary>A token that may stand at a masked place.</summary>
/// <param name="Token">Its id.</param>
/// <param name="Text">Its text; with its blank, where words carry theirs.</param>
/// <param name="Probability">How likely it is.</param>
public sealed record MaskProposal(int Token, string Text, double Probability);

/// <summary>A text whose masks were filled.</summary>
/// <param name="Text">With the likeliest token at every mask.</param>
/// <param name="Masks">The likeliest tokens of every mask, the likeliest first.</param>
public sealed record FilledText(string Text, IReadOnlyList<IReadOnlyList<MaskProposal>> Masks);

/// <summary>Fills the masks of texts, each for itself.</summary>
public sealed class MaskFiller
{
    /// <summary>What stands for a hidden token in a text.</summary>
    public const string Mark = "[MASK]";

    private readonly EncoderModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly MaskingOptions _masking;
    private readonly int _mask;

    /// <summary>Makes a filler. The model is put into evaluation mode.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="masking">How it was trained.</param>
    public MaskFiller(EncoderModel model, Tokenizer tokenizer, MaskingOptions masking)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(masking);
        model.Train(false);
        (_model, _tokenizer, _masking, _mask) = (model, tokenizer, masking, tokenizer.Mark(Mark));
    }

    /// <summary>Fills every <see cref="Mark"/> of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">How many proposals each gets.</param>
    /// <exception cref="ArgumentException">There is no mask, or more text than the model sees at once.</exception>
    public FilledText Fill(string text, int most)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(most);
        // Where a word is one token with the blank before it, the mask hides both.
        bool carriesBlanks = _tokenizer.Encode(" a").Length == _tokenizer.Encode("a").Length;
        int[] ids = _tokenizer.Encode(carriesBlanks ? text.Replace($" {Mark}", Mark, StringComparison.Ordinal) : text);
        int[] places = [.. Enumerable.Range(0, ids.Length).Where(place => ids[place] == _mask)];
        if (places.Length == 0) throw new ArgumentException($"there is no {Mark} in the text: put one where a token is to be guessed");
        if (ids.Length > _model.Options.Context) throw new ArgumentException($"the text has {ids.Length} tokens, and the model sees {_model.Options.Context} at once: give a shorter one");

        List<IReadOnlyList<MaskProposal>> masks = [];
        float[][] probabilities = Probabilities(ids, places);
        for (int i = 0; i < places.Length; i++)
        {
            float[] row = probabilities[i];
            int[] likeliest = [.. Enumerable.Range(0, row.Length).Where(token => !_tokenizer.IsSpecial(token)).OrderByDescending(token => row[token]).Take(most)];
            masks.Add([.. likeliest.Select(token => new MaskProposal(token, _tokenizer.Decode([token]), row[token]))]);
            ids[places[i]] = likeliest[0];
        }
        return new FilledText(_tokenizer.Decode(ids), masks);
    }

    private float[][] Probabilities(int[] ids, int[] places)
    {
        using Gradients.Pause pause = Gradients.Paused();
        using TensorScope scope = new();
        Shape shape = [1, ids.Length];
        int vocabulary = _model.Options.Vocabulary;
        Tensor routingIds = MaskedWindows.RoutingIds(ids, shape, _mask, _masking.Routing, vocabulary);
        Tensor logits = _model.Forward(Tensor.From(ids, shape), places: Tensor.From(places, [places.Length]), routingIds: routingIds).Logits; // [places, vocabulary]
        return [.. logits.Softmax().ToArray<float>().Chunk(vocabulary)];
    }
}

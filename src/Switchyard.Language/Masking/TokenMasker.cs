using Switchyard.Tensors;

namespace Switchyard.Language.Masking;

/// <summary>Hides tokens for a masked model to guess.</summary>
public sealed class TokenMasker
{
    /// <summary>What stands as a label where nothing is to be guessed: what cross-entropy ignores.</summary>
    public const int NotGuessed = -100;

    private readonly MaskingOptions _options;
    private readonly int _vocabulary;
    private readonly int _mask;
    private readonly Predicate<int> _isSpecial;

    /// <summary>Makes a masker.</summary>
    /// <param name="options">The shares.</param>
    /// <param name="vocabulary">How many different tokens there are.</param>
    /// <param name="mask">The token that hides another.</param>
    /// <param name="isSpecial">Whether a token is a mark, which is never to be guessed.</param>
    /// <exception cref="ArgumentException">A share is out of range.</exception>
    public TokenMasker(MaskingOptions options, int vocabulary, int mask, Predicate<int> isSpecial)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(isSpecial);
        options.Check();
        (_options, _vocabulary, _mask, _isSpecial) = (options, vocabulary, mask, isSpecial);
    }

    /// <summary>Hides tokens of one window.</summary>
    /// <param name="ids">The window; where tokens are hidden, what takes their place.</param>
    /// <param name="labels">Takes the token at each place that is to be guessed, <see cref="NotGuessed"/> elsewhere [window].</param>
    /// <param name="random">Decides; the same stream hides the same tokens.</param>
    public void Mask(Span<int> ids, Span<int> labels, Philox random)
    {
        ArgumentNullException.ThrowIfNull(random);
        double[] select = new double[ids.Length], action = new double[ids.Length];
        int[] replacement = new int[ids.Length];
        for (int place = 0; place < ids.Length; place++)
            (select[place], action[place], replacement[place]) = (random.NextDouble(), random.NextDouble(), random.Next(_vocabulary));
        if (_options.EvenCount) SelectEvenly(ids, select, random.NextDouble());
        Mask(ids, labels, select, action, replacement);
    }

    /// <summary>Hides the tokens whose number in <paramref name="select"/> is below the share.</summary>
    internal void Mask(Span<int> ids, Span<int> labels, ReadOnlySpan<double> select, ReadOnlySpan<double> action, ReadOnlySpan<int> replacement)
    {
        for (int place = 0; place < ids.Length; place++)
        {
            labels[place] = NotGuessed;
            if (!(select[place] < _options.Share) || _isSpecial(ids[place])) continue;
            labels[place] = ids[place];
            if (action[place] < _options.MaskShare) ids[place] = _mask;
            else if (action[place] < _options.MaskShare + _options.RandomShare) ids[place] = replacement[place];
        }
    }

    /// <summary>Lets the lowest numbers be chosen, as many as the even count asks for, and no other.</summary>
    private void SelectEvenly(ReadOnlySpan<int> ids, double[] select, double uniform)
    {
        List<int> places = [];
        for (int place = 0; place < ids.Length; place++)
            if (!_isSpecial(ids[place])) places.Add(place);
        places.Sort((a, b) => select[a] != select[b] ? select[a].CompareTo(select[b]) : a.CompareTo(b));
        int count = Math.Max(1, _options.Count(places.Count, uniform));
        for (int i = 0; i < places.Count; i++) select[places[i]] = i < count ? 0 : double.PositiveInfinity;
    }
}

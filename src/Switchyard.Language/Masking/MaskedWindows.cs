using Switchyard.Tensors;

namespace Switchyard.Language.Masking;

/// <summary>Windows with hidden tokens side by side, as an encoder reads them.</summary>
internal sealed class MaskedWindows
{
    private readonly int[] _ids;
    private readonly List<int> _places = [];
    private readonly List<int> _targets = [];

    /// <summary>Makes room; <see cref="Add"/> fills it.</summary>
    public MaskedWindows(int windows, int length)
    {
        (Windows, Length) = (windows, length);
        _ids = new int[checked(windows * length)];
    }

    public int Windows { get; }

    public int Length { get; }

    /// <summary>How many tokens are to be guessed.</summary>
    public int Guessed => _places.Count;

    /// <summary>What is seen, Int32 [windows, length].</summary>
    public Tensor Ids => Tensor.From(_ids, [Windows, Length]);

    /// <summary>Where tokens are to be guessed, Int32 [guessed].</summary>
    public Tensor Places => Tensor.From(_places.ToArray(), [_places.Count]);

    /// <summary>What stood there, Int32 [guessed].</summary>
    public Tensor Targets => Tensor.From(_targets.ToArray(), [_targets.Count]);

    /// <summary>Hides tokens of a window.</summary>
    public void Add(int index, ReadOnlySpan<int> window, TokenMasker masker, Philox random)
    {
        Span<int> ids = _ids.AsSpan(index * Length, Length);
        window.CopyTo(ids);
        int[] labels = new int[Length];
        masker.Mask(ids, labels, random);
        for (int place = 0; place < Length; place++)
        {
            if (labels[place] == TokenMasker.NotGuessed) continue;
            _places.Add(index * Length + place);
            _targets.Add(labels[place]);
        }
    }

    /// <summary>What gates by id look at, Int32 [windows, length].</summary>
    /// <param name="mask">The token that hides others.</param>
    /// <param name="routing">What they see in its place.</param>
    /// <param name="vocabulary">How many different tokens there are.</param>
    public Tensor RoutingIds(int mask, MaskRouting routing, int vocabulary) => RoutingIds(_ids, [Windows, Length], mask, routing, vocabulary);

    /// <summary>The same of ids that were not hidden here.</summary>
    public static Tensor RoutingIds(ReadOnlySpan<int> ids, Shape shape, int mask, MaskRouting routing, int vocabulary)
    {
        int[] seen = ids.ToArray();
        int length = shape[1];
        for (int i = 0; i < seen.Length; i++)
        {
            if (seen[i] != mask) continue;
            int place = i % length;
            if (routing == MaskRouting.Position) seen[i] = place % vocabulary;
            else if (routing == MaskRouting.PreviousToken && place > 0) seen[i] = seen[i - 1];
        }
        return Tensor.From(seen, shape);
    }
}

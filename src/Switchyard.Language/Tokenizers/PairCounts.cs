using System.Runtime.InteropServices;

namespace Switchyard.Language.Tokenizers;

/// <summary>
/// How often each pair of neighbours occurs in a set of weighted pieces, kept exact while pairs are merged: a merge
/// touches only the places where the pair stands and their neighbours.
/// </summary>
internal sealed class PairCounts
{
    private const int None = -1;

    // All pieces, one after the other; the links between places stop at the ends of a piece.
    private readonly int[] _symbols, _next, _previous, _weights;
    private readonly Dictionary<long, long> _counts = [];
    private readonly Dictionary<long, List<int>> _places = [];

    // Every pair that occurs is queued with a count that is at least the true one; it is corrected when it comes up.
    private readonly PriorityQueue<(long Pair, long Count), (long Count, long Pair)> _queue =
        new(Comparer<(long Count, long Pair)>.Create((a, b) =>
            a.Count != b.Count ? b.Count.CompareTo(a.Count) : a.Pair.CompareTo(b.Pair)));

    /// <summary>Counts the pairs of pieces that occur so many times each.</summary>
    public PairCounts(Dictionary<byte[], int> pieces, int[] idOfByte)
    {
        int length = pieces.Keys.Sum(piece => piece.Length);
        (_symbols, _next, _previous, _weights) = (new int[length], new int[length], new int[length], new int[length]);
        int place = 0;
        foreach ((byte[] piece, int weight) in pieces)
            for (int i = 0; i < piece.Length; i++, place++)
            {
                _symbols[place] = idOfByte[piece[i]];
                _weights[place] = weight;
                _previous[place] = i > 0 ? place - 1 : None;
                _next[place] = i + 1 < piece.Length ? place + 1 : None;
            }
        for (place = 0; place < length; place++) Count(place);
        foreach ((long pair, long count) in _counts) _queue.Enqueue((pair, count), (count, pair));
    }

    /// <summary>The most frequent pair: of equals that with the smallest left id, then the smallest right id.</summary>
    /// <param name="least">How often it must occur.</param>
    /// <param name="left">Its left id.</param>
    /// <param name="right">Its right id.</param>
    /// <returns>False if no pair occurs so often.</returns>
    public bool TryTakeMostFrequent(long least, out int left, out int right)
    {
        (left, right) = (0, 0);
        while (_queue.TryDequeue(out (long Pair, long Count) top, out _))
        {
            long count = _counts.GetValueOrDefault(top.Pair);
            if (count < least) continue;
            if (count == top.Count)
            {
                (left, right) = ((int)(top.Pair >> 32), (int)top.Pair);
                return true;
            }
            _queue.Enqueue((top.Pair, count), (count, top.Pair));
        }
        return false;
    }

    /// <summary>Replaces the pair by one symbol wherever it stands, from the left to the right of each piece.</summary>
    public void Merge(int left, int right, int merged)
    {
        if (!_places.Remove(Tokenizers.Merge.Key(left, right), out List<int>? places)) return;
        if (left == right) places.Sort();
        HashSet<long> grown = [];
        foreach (int place in places)
        {
            int second = _next[place];
            if (_symbols[place] != left || second == None || _symbols[second] != right) continue;
            int before = _previous[place], after = _next[second];
            Uncount(before);
            Uncount(place);
            Uncount(second);

            _symbols[place] = merged;
            _next[place] = after;
            if (after != None) _previous[after] = place;
            _next[second] = None;

            if (Count(before) is long pairBefore) grown.Add(pairBefore);
            if (Count(place) is long pairAfter) grown.Add(pairAfter);
        }
        foreach (long pair in grown)
            if (_counts.TryGetValue(pair, out long count)) _queue.Enqueue((pair, count), (count, pair));
    }

    private long? PairAt(int place) =>
        place == None || _next[place] == None ? null : Tokenizers.Merge.Key(_symbols[place], _symbols[_next[place]]);

    private long? Count(int place)
    {
        if (PairAt(place) is not long pair) return null;
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, pair, out _) += _weights[place];
        ref List<int>? places = ref CollectionsMarshal.GetValueRefOrAddDefault(_places, pair, out _);
        (places ??= []).Add(place);
        return pair;
    }

    private void Uncount(int place)
    {
        if (PairAt(place) is not long pair) return;
        ref long count = ref CollectionsMarshal.GetValueRefOrNullRef(_counts, pair);
        count -= _weights[place];
        if (count == 0) _counts.Remove(pair);
    }
}

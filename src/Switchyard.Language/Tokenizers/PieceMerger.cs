namespace Switchyard.Language.Tokenizers;

/// <summary>
/// Applies the merges to one piece of text: of all neighbours that a merge names, the pair of lowest rank goes
/// first, the leftmost of equals. A queue of candidates over a linked list makes it n log n in the length of the
/// piece. Holds its working space between pieces, so one instance serves one thread.
/// </summary>
/// <param name="rules">Rank and result of every merge, by <see cref="Merge.Key"/>.</param>
internal sealed class PieceMerger(Dictionary<long, (int Rank, int Result)> rules)
{
    private const int None = -1;

    // Rank above position, so that the smallest number is the lowest rank and then the leftmost place.
    private readonly PriorityQueue<long, long> _candidates = new();
    private int[] _symbols = [], _next = [], _previous = [];

    /// <summary>Merges a piece and appends its tokens.</summary>
    /// <param name="symbols">The ids of the single bytes; at least one.</param>
    /// <param name="tokens">Where the tokens go.</param>
    public void Merge(ReadOnlySpan<int> symbols, List<int> tokens)
    {
        Lay(symbols);
        while (_candidates.TryDequeue(out long pair, out long priority))
        {
            int position = (int)(priority & int.MaxValue), right = _next[position];
            bool stale = right == None || Tokenizers.Merge.Key(_symbols[position], _symbols[right]) != pair;
            if (stale) continue;
            _symbols[position] = rules[pair].Result;
            Remove(right);
            Propose(_previous[position]);
            Propose(position);
        }
        for (int position = 0; position != None; position = _next[position]) tokens.Add(_symbols[position]);
    }

    private void Lay(ReadOnlySpan<int> symbols)
    {
        if (_symbols.Length < symbols.Length)
        {
            _symbols = new int[symbols.Length];
            _next = new int[symbols.Length];
            _previous = new int[symbols.Length];
        }
        symbols.CopyTo(_symbols);
        for (int i = 0; i < symbols.Length; i++)
        {
            _previous[i] = i - 1;
            _next[i] = i + 1 < symbols.Length ? i + 1 : None;
        }
        for (int i = 0; i < symbols.Length; i++) Propose(i);
    }

    // A removed place keeps no right neighbour, so that what was proposed for it is seen to be stale.
    private void Remove(int position)
    {
        int left = _previous[position], right = _next[position];
        _next[left] = right;
        if (right != None) _previous[right] = left;
        _next[position] = None;
    }

    private void Propose(int position)
    {
        if (position == None || _next[position] == None) return;
        long pair = Tokenizers.Merge.Key(_symbols[position], _symbols[_next[position]]);
        if (rules.TryGetValue(pair, out (int Rank, int Result) rule))
            _candidates.Enqueue(pair, ((long)rule.Rank << 31) | (uint)position);
    }
}

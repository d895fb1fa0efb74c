namespace Switchyard.Experts.Selection;

/// <summary>
/// The assignment of tokens to experts of the greatest total score in which every expert gets ⌊T/N⌋ or ⌈T/N⌉ tokens:
/// exact, deterministic, for any number of tokens.
/// </summary>
/// <remarks>
/// All tokens of an expert are alike to the flow of tokens, so the graph has N nodes instead of T: an edge i → j costs what
/// the total loses by moving the token of i that loses least. Every token begins at its best expert, which is optimal but
/// for the counts; then one token's worth of surplus at a time takes a cheapest path to an expert that lacks one (successive
/// shortest paths with potentials, so that each search is one of Dijkstra's over N nodes).
/// </remarks>
internal sealed class BalancedAssignment
{
    private const int Nobody = -1;

    private readonly int _tokens;
    private readonly int _experts;
    private readonly double[] _scores; // [tokens, experts]
    private readonly int[] _expertOf; // [tokens]
    private readonly List<int>[] _members; // the tokens of each expert
    private readonly int[] _placeOf; // where a token stands in its expert's list
    private readonly int[] _cheapest; // [experts, experts]: the token of i that loses least by moving to j

    // The sink is the node after the experts: it holds the T mod N places that any expert may fill beyond ⌊T/N⌋.
    private readonly int _sink;
    private readonly int[] _surplus; // [experts + 1]: tokens beyond ⌊T/N⌋ that have not found a place; below 0 for free places
    private readonly bool[] _fillsExtra; // whether an expert holds one of the sink's places
    private readonly double[] _potential;
    private readonly double[] _distance;
    private readonly int[] _before;
    private readonly bool[] _isFinal;

    private BalancedAssignment(double[] scores, int tokens, int experts)
    {
        (_scores, _tokens, _experts, _sink) = (scores, tokens, experts, experts);
        (_expertOf, _placeOf, _cheapest) = (new int[tokens], new int[tokens], new int[experts * experts]);
        Array.Fill(_cheapest, Nobody);
        _members = new List<int>[experts];
        for (int expert = 0; expert < experts; expert++) _members[expert] = [];
        (_surplus, _fillsExtra, _potential) = (new int[experts + 1], new bool[experts], new double[experts + 1]);
        (_distance, _before, _isFinal) = (new double[experts + 1], new int[experts + 1], new bool[experts + 1]);
    }

    /// <summary>Solves it.</summary>
    /// <param name="scores">How well each expert suits each token [tokens · experts]. What is not finite counts as the least finite score.</param>
    /// <param name="experts">How many experts there are.</param>
    /// <returns>The expert of every token.</returns>
    public static int[] Solve(ReadOnlySpan<double> scores, int experts)
    {
        double[] repaired = scores.ToArray();
        double least = double.PositiveInfinity;
        foreach (double score in repaired)
            if (double.IsFinite(score)) least = Math.Min(least, score);
        if (!double.IsFinite(least)) least = 0;
        foreach (ref double score in repaired.AsSpan())
            if (!double.IsFinite(score)) score = least;

        BalancedAssignment assignment = new(repaired, repaired.Length / experts, experts);
        assignment.StartGreedily();
        while (Array.FindIndex(assignment._surplus, static surplus => surplus > 0) is var from and not Nobody) assignment.Move(from);
        return assignment._expertOf;
    }

    private void StartGreedily()
    {
        for (int token = 0; token < _tokens; token++)
        {
            int best = 0;
            for (int expert = 1; expert < _experts; expert++)
                if (Score(token, expert) > Score(token, best)) best = expert;
            Add(token, best);
        }
        for (int expert = 0; expert < _experts; expert++)
        {
            _surplus[expert] = _members[expert].Count - _tokens / _experts;
        }
        _surplus[_sink] = -(_tokens % _experts);
    }

    /// <summary>Sends one token's worth of surplus from an expert along a cheapest path to a free place.</summary>
    private void Move(int from)
    {
        int to = FindPath(from);
        _surplus[from]--;
        _surplus[to]++;
        // Backwards, so that every expert gives the token that was priced before it gets another.
        for (int node = to; node != from; node = _before[node])
        {
            int origin = _before[node];
            if (node == _sink) _fillsExtra[origin] = true;
            else if (origin == _sink) _fillsExtra[node] = false;
            else
            {
                int token = _cheapest[origin * _experts + node];
                Remove(token, origin);
                Add(token, node);
            }
        }
    }

    /// <summary>Dijkstra's search on reduced costs, from an expert to the nearest free place.</summary>
    private int FindPath(int from)
    {
        Array.Fill(_distance, double.PositiveInfinity);
        Array.Clear(_isFinal);
        _distance[from] = 0;
        while (true)
        {
            int nearest = Nobody;
            for (int node = 0; node <= _experts; node++)
                if (!_isFinal[node] && !double.IsPositiveInfinity(_distance[node]) && (nearest == Nobody || _distance[node] < _distance[nearest])) nearest = node;
            _isFinal[nearest] = true;
            if (_surplus[nearest] < 0)
            {
                Reprice(_distance[nearest]);
                return nearest;
            }
            for (int node = 0; node <= _experts; node++)
            {
                if (_isFinal[node] || Cost(nearest, node) is not { } cost) continue;
                // Reduced costs are never negative but for rounding.
                double distance = _distance[nearest] + Math.Max(0, cost + _potential[nearest] - _potential[node]);
                if (distance < _distance[node]) (_distance[node], _before[node]) = (distance, nearest);
            }
        }
    }

    private void Reprice(double farthest)
    {
        for (int node = 0; node <= _experts; node++) _potential[node] += Math.Min(_distance[node], farthest);
    }

    private double? Cost(int from, int to)
    {
        if (to == _sink) return _tokens % _experts != 0 && !_fillsExtra[from] ? 0 : null;
        if (from == _sink) return _fillsExtra[to] ? 0 : null;
        int token = _cheapest[from * _experts + to];
        return token == Nobody ? null : Score(token, from) - Score(token, to);
    }

    private void Add(int token, int expert)
    {
        (_expertOf[token], _placeOf[token]) = (expert, _members[expert].Count);
        _members[expert].Add(token);
        for (int other = 0; other < _experts; other++) Offer(token, expert, other);
    }

    private void Remove(int token, int expert)
    {
        List<int> members = _members[expert];
        int last = members[^1];
        (members[_placeOf[token]], _placeOf[last]) = (last, _placeOf[token]);
        members.RemoveAt(members.Count - 1);

        Span<int> cheapest = _cheapest.AsSpan(expert * _experts, _experts);
        for (int other = 0; other < _experts; other++)
        {
            if (cheapest[other] != token) continue;
            cheapest[other] = Nobody;
            foreach (int member in members) Offer(member, expert, other);
        }
    }

    /// <summary>Lets a token of an expert be the one that moves to another, if it loses least; of equals the lower.</summary>
    private void Offer(int token, int expert, int other)
    {
        ref int best = ref _cheapest[expert * _experts + other];
        if (best == Nobody)
        {
            best = token;
            return;
        }
        double loss = Score(token, expert) - Score(token, other), least = Score(best, expert) - Score(best, other);
        if (loss < least || (loss == least && token < best)) best = token;
    }

    private double Score(int token, int expert) => _scores[token * _experts + expert];
}

namespace Switchyard.Collectives.Tokens;

/// <summary>Which tokens a rank sends to which node, each once.</summary>
/// <param name="TokenOf">The token of each copy [copies], by node and within it in the order of first use.</param>
/// <param name="PerNode">How many copies each node gets [nodes].</param>
/// <param name="PlaceOf">The place among the copies of its node of each pair [nodes][pairs], by rank and within it in the order of the pairs.</param>
internal sealed record CopyList(int[] TokenOf, nint[] PerNode, int[][] PlaceOf)
{
    /// <summary>Finds the copies.</summary>
    /// <param name="topology">Which ranks share a node.</param>
    /// <param name="tokens">How many tokens there are.</param>
    /// <param name="tokenOf">The token of each pair, in the order of the ranks that they go to.</param>
    /// <param name="sends">Pairs for each rank [ranks].</param>
    public static CopyList Of(Topology topology, int tokens, ReadOnlySpan<int> tokenOf, ReadOnlySpan<nint> sends)
    {
        int[] starts = new int[sends.Length + 1];
        for (int rank = 0; rank < sends.Length; rank++) starts[rank + 1] = starts[rank] + (int)sends[rank];
        List<int> copies = [];
        nint[] perNode = new nint[topology.Nodes];
        int[][] places = new int[topology.Nodes][];
        int[] placeOf = new int[tokens], seenBy = new int[tokens]; // the last node that a token was seen for, from 1
        for (int node = 0; node < topology.Nodes; node++)
        {
            int first = copies.Count;
            List<int> here = [];
            foreach (int rank in topology.RanksOf(node))
            {
                foreach (int token in tokenOf[starts[rank]..starts[rank + 1]])
                {
                    if (seenBy[token] <= node)
                    {
                        (seenBy[token], placeOf[token]) = (node + 1, copies.Count - first);
                        copies.Add(token);
                    }

                    here.Add(placeOf[token]);
                }
            }

            (perNode[node], places[node]) = (copies.Count - first, [.. here]);
        }

        return new CopyList([.. copies], perNode, places);
    }
}

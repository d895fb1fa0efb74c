namespace Switchyard.Collectives.Simulation;

/// <summary>
/// The steps of each AllToAll algorithm. Every rank begins with its neighbour, so that no two send to the same rank at
/// once: step k of rank r goes to r + k.
/// </summary>
public static class ExchangePlan
{
    /// <summary>The steps of an algorithm.</summary>
    /// <param name="algorithm">Which.</param>
    /// <param name="cluster">The ranks.</param>
    /// <param name="payload">What they exchange.</param>
    /// <param name="crossing">
    /// The share of the bytes between nodes that is left when a token crosses once for all its experts in a node; see
    /// <see cref="Crossing"/>. For <see cref="SimulatedAlgorithm.Deduplicated"/> only.
    /// </param>
    public static IReadOnlyList<ExchangePhase> Of(SimulatedAlgorithm algorithm, ClusterModel cluster, Payload payload, double crossing = 1)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(payload);
        int nodes = cluster.Nodes, perNode = cluster.PerNode;
        return algorithm switch
        {
            SimulatedAlgorithm.Flat => [new(Nothing, rank => Rotated(cluster.Ranks, rank, destination => destination, destination => payload.BetweenRanks(rank, destination)))],
            SimulatedAlgorithm.Leader =>
            [
                new(Nothing, rank => Local(rank) == 0 ? [] : Some(Rank(Node(rank), 0), Total(rank))),
                new(rank => Local(rank) == 0 ? OfNode(Node(rank), sent: true) : 0,
                    rank => Local(rank) != 0 ? [] : Rotated(nodes, Node(rank), node => Rank(node, 0), node => payload.NodeToNode(Node(rank), node))),
                new(rank => Local(rank) == 0 ? OfNode(Node(rank), sent: false) : 0,
                    rank => Local(rank) != 0 ? [] : Rotated(perNode, 0, local => Rank(Node(rank), local), local => Received(Rank(Node(rank), local)))),
            ],
            SimulatedAlgorithm.TwoDimensional =>
            [
                new(Total, rank => Rotated(perNode, Local(rank), local => Rank(Node(rank), local), local => payload.RankToLocal(rank, local))),
                new(rank => Sum(nodes, node => payload.NodeToRank(Node(rank), Rank(node, Local(rank)))),
                    rank => Rotated(nodes, Node(rank), node => Rank(node, Local(rank)), node => payload.NodeToRank(Node(rank), Rank(node, Local(rank))))),
            ],
            SimulatedAlgorithm.Deduplicated =>
            [
                new(Total, rank => Rotated(nodes, Node(rank), node => Rank(node, Local(rank)), node => payload.RankToNode(rank, node) * crossing)),
                new(rank => Sum(perNode, local => payload.LocalToRank(Local(rank), Rank(Node(rank), local))),
                    rank => Rotated(perNode, Local(rank), local => Rank(Node(rank), local), local => payload.LocalToRank(Local(rank), Rank(Node(rank), local)))),
            ],
            _ => throw new ArgumentException($"there is no plan for the algorithm '{algorithm}'"),
        };

        int Node(int rank) => rank / perNode;
        int Local(int rank) => rank % perNode;
        int Rank(int node, int local) => node * perNode + local;
        double Total(int rank) => Sum(nodes, node => payload.RankToNode(rank, node));
        double Received(int rank) => Sum(nodes, node => payload.NodeToRank(node, rank));
        double OfNode(int node, bool sent) => Sum(nodes, other => sent ? payload.NodeToNode(node, other) : payload.NodeToNode(other, node));
    }

    /// <summary>
    /// The expected number of nodes among a token's experts, over the number of its experts, where experts are spread
    /// evenly and chosen evenly without repetition: the factor of de-duplication.
    /// </summary>
    /// <param name="cluster">The ranks, each with as many experts.</param>
    /// <param name="experts">All experts, a multiple of the nodes.</param>
    /// <param name="topK">Experts of a token.</param>
    public static double Crossing(ClusterModel cluster, int experts, int topK)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        if (experts < cluster.Nodes || experts % cluster.Nodes != 0) throw new ArgumentException($"{experts} experts cannot be spread evenly over {cluster.Nodes} nodes: give a multiple");
        if (topK < 1 || topK > experts) throw new ArgumentException($"top-k is {topK} of {experts} experts: give 1 to {experts}");
        double untouched = 1; // how likely none of the experts is in a given node
        for (int choice = 0; choice < topK; choice++) untouched *= Math.Max(0, experts - experts / cluster.Nodes - choice) / (double)(experts - choice);
        return cluster.Nodes * (1 - untouched) / topK;
    }

    private static double Nothing(int rank) => 0;

    private static IEnumerable<Message> Some(int destination, double bytes) => bytes > 0 ? [new(destination, bytes)] : [];

    /// <summary>A message to each of <paramref name="count"/> but oneself, beginning with the next.</summary>
    private static IEnumerable<Message> Rotated(int count, int self, Func<int, int> rank, Func<int, double> bytes)
    {
        for (int step = 1; step < count; step++)
        {
            int other = (self + step) % count;
            double amount = bytes(other);
            if (amount > 0) yield return new(rank(other), amount);
        }
    }

    private static double Sum(int count, Func<int, double> term)
    {
        double sum = 0;
        for (int i = 0; i < count; i++) sum += term(i);
        return sum;
    }
}

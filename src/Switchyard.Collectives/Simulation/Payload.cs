namespace Switchyard.Collectives.Simulation;

/// <summary>How many bytes every rank has for every other, and their sums over nodes.</summary>
public abstract class Payload
{
    /// <summary>What rank <paramref name="source"/> has for rank <paramref name="destination"/>.</summary>
    public abstract double BetweenRanks(int source, int destination);

    /// <summary>What a rank has for all ranks of a node.</summary>
    public abstract double RankToNode(int source, int node);

    /// <summary>What all ranks of a node have for one rank.</summary>
    public abstract double NodeToRank(int node, int destination);

    /// <summary>What all ranks of a node have for all ranks of another.</summary>
    public abstract double NodeToNode(int source, int destination);

    /// <summary>What a rank has for the ranks of one local number in all nodes.</summary>
    public abstract double RankToLocal(int source, int local);

    /// <summary>What the ranks of one local number in all nodes have for one rank.</summary>
    public abstract double LocalToRank(int local, int destination);

    /// <summary>The same for every pair of ranks; the cluster then looks the same from each of its nodes.</summary>
    /// <param name="cluster">The ranks.</param>
    /// <param name="bytes">What each rank sends in all, its own part included (B).</param>
    public static Payload Even(ClusterModel cluster, double bytes) => new EvenPayload(cluster, bytes);

    /// <summary>Any bytes, as of AllToAllV.</summary>
    /// <param name="cluster">The ranks.</param>
    /// <param name="bytes">What each rank has for each [ranks, ranks].</param>
    /// <exception cref="ArgumentException">The table has another size.</exception>
    public static Payload Of(ClusterModel cluster, double[,] bytes)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(bytes);
        if (bytes.GetLength(0) != cluster.Ranks || bytes.GetLength(1) != cluster.Ranks) throw new ArgumentException($"the table of bytes is {bytes.GetLength(0)} × {bytes.GetLength(1)} for {cluster.Ranks} ranks: give a row and a column for each");
        return new UnevenPayload(cluster, bytes);
    }

    private sealed class EvenPayload(ClusterModel cluster, double bytes) : Payload
    {
        public override double BetweenRanks(int source, int destination) => bytes / cluster.Ranks;

        public override double RankToNode(int source, int node) => bytes / cluster.Nodes;

        public override double NodeToRank(int node, int destination) => bytes / cluster.Nodes;

        public override double NodeToNode(int source, int destination) => bytes * cluster.PerNode / cluster.Nodes;

        public override double RankToLocal(int source, int local) => bytes / cluster.PerNode;

        public override double LocalToRank(int local, int destination) => bytes / cluster.PerNode;
    }

    private sealed class UnevenPayload(ClusterModel cluster, double[,] bytes) : Payload
    {
        public override double BetweenRanks(int source, int destination) => bytes[source, destination];

        public override double RankToNode(int source, int node) => Sum(cluster.PerNode, local => bytes[source, Rank(node, local)]);

        public override double NodeToRank(int node, int destination) => Sum(cluster.PerNode, local => bytes[Rank(node, local), destination]);

        public override double NodeToNode(int source, int destination) => Sum(cluster.PerNode, local => RankToNode(Rank(source, local), destination));

        public override double RankToLocal(int source, int local) => Sum(cluster.Nodes, node => bytes[source, Rank(node, local)]);

        public override double LocalToRank(int local, int destination) => Sum(cluster.Nodes, node => bytes[Rank(node, local), destination]);

        private int Rank(int node, int local) => node * cluster.PerNode + local;

        private static double Sum(int count, Func<int, double> term)
        {
            double sum = 0;
            for (int i = 0; i < count; i++) sum += term(i);
            return sum;
        }
    }
}

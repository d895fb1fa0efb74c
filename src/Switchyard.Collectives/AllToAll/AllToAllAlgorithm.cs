namespace Switchyard.Collectives.AllToAll;

/// <summary>A way to exchange blocks between all ranks. Every one delivers the same bytes; they differ in how many messages leave a node.</summary>
public abstract class AllToAllAlgorithm
{
    private protected AllToAllAlgorithm(string name) => Name = name;

    /// <summary>Every rank sends to every other.</summary>
    public static AllToAllAlgorithm Flat { get; } = new Flat();

    /// <summary>One rank of each node speaks for all of it.</summary>
    public static AllToAllAlgorithm Leader { get; } = new Leader();

    /// <summary>First inside the node, then among the ranks with the same place on every node.</summary>
    public static AllToAllAlgorithm TwoDimensional { get; } = new TwoDimensional();

    /// <summary>Like <see cref="TwoDimensional"/>, and tokens go to every node at most once, whatever number of ranks there wants them.</summary>
    public static AllToAllAlgorithm Deduplicated { get; } = new Deduplicated();

    /// <summary>All algorithms.</summary>
    public static IReadOnlyList<AllToAllAlgorithm> All { get; } = [Flat, Leader, TwoDimensional, Deduplicated];

    /// <summary>What to call it: "flat".</summary>
    public string Name { get; }

    /// <summary>The algorithm of this name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static AllToAllAlgorithm Find(string name) => All.FirstOrDefault(algorithm => algorithm.Name == name)
        ?? throw new ArgumentException($"there is no AllToAll algorithm '{name}': choose one of {string.Join(", ", All.Select(algorithm => algorithm.Name))}", nameof(name));

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>Carries an exchange out; every rank calls it.</summary>
    internal abstract void Exchange(ProcessGroup group, in Blocks blocks);

    /// <summary>What an exchange takes, in the quantities of a <see cref="CostModel"/>.</summary>
    /// <param name="nodes">Nodes: N.</param>
    /// <param name="perNode">Ranks of a node, or their mean: G.</param>
    /// <param name="bytes">What every rank sends in all: B.</param>
    /// <param name="cards">Network cards of a node: R.</param>
    /// <param name="copies">Copies of tokens between nodes, as a share of the pairs that go there; 1 for blocks.</param>
    internal abstract CostTerms Cost(int nodes, double perNode, double bytes, double cards, double copies);
}

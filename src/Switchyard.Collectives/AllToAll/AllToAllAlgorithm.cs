namespace Switchyard.Collectives.AllToAll;

/// <summary>A way to exchange blocks between all ranks. Every one delivers the same bytes; they differ in how many messages leave a node.</summary>
public abstract class AllToAllAlgorithm
{
    private protected AllToAllAlgorithm(string name) => Name = name;

    /// <summary>Every rank sends to every other.</summary>
    public static AllToAllAlgorithm Flat { get; } = new Flat();

    /// <summary>All algorithms.</summary>
    public static IReadOnlyList<AllToAllAlgorithm> All { get; } = [Flat];

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
}

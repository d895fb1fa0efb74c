namespace Switchyard.Collectives.AllToAll;

/// <summary>
/// Tokens go to every node at most once, and what became of them there comes back as one sum: see <see cref="TokenExchange"/>.
/// Blocks have no copies that could be left out, so they go two-dimensionally; from nodes of different size, flat.
/// </summary>
internal sealed class Deduplicated() : TwoDimensional("deduplicated")
{
    internal override CostTerms Cost(int nodes, double perNode, double bytes, double cards, double copies)
    {
        CostTerms blocks = base.Cost(nodes, perNode, bytes, cards, copies);
        return blocks with { BetweenBytes = blocks.BetweenBytes * copies };
    }

    internal override void Exchange(ProcessGroup group, in Blocks blocks)
    {
        if (group.Topology.PerNode is null) Flat.Exchange(group, blocks);
        else base.Exchange(group, blocks);
    }
}

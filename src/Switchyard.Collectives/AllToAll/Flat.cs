using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives.AllToAll;

/// <summary>Every rank sends every other its block: (N-1)·G² messages leave a node of G ranks among N.</summary>
internal sealed class Flat() : AllToAllAlgorithm("flat")
{
    internal override CostTerms Cost(int nodes, double perNode, double bytes, double cards, double copies) => new()
    {
        BetweenMessages = (nodes - 1) * perNode * perNode / cards,
        BetweenBytes = (nodes - 1) * perNode * bytes / nodes / cards,
    };

    internal override void Exchange(ProcessGroup group, in Blocks blocks)
    {
        int[] ranks = [.. group.Topology.Ranks];
        group.Exchange(Channel.Payload, Transfer.Parts(ranks, blocks.SendBytes, blocks.Send), Transfer.Parts(ranks, blocks.ReceiveBytes, blocks.Receive));
    }
}

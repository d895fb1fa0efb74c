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
        int size = group.Size;
        Span<Transfer> sends = new Transfer[size], receives = new Transfer[size];
        nint sent = 0, received = 0;
        for (int rank = 0; rank < size; rank++)
        {
            // Every rank begins with the one after it, so that no one is called by all at once.
            sends[(rank - group.Rank + size) % size] = new Transfer(rank, blocks.Send.Slice(sent, blocks.SendBytes[rank]));
            receives[(group.Rank - rank + size) % size] = new Transfer(rank, blocks.Receive.Slice(received, blocks.ReceiveBytes[rank]));
            sent += blocks.SendBytes[rank];
            received += blocks.ReceiveBytes[rank];
        }

        group.Exchange(Channel.Payload, sends, receives);
    }
}

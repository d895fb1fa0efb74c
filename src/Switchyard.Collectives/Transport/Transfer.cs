namespace Switchyard.Collectives.Transport;

/// <summary>One message of an exchange, seen from one of its ends.</summary>
/// <param name="Peer">The rank at the other end.</param>
/// <param name="Data">What to send, or where to put what comes.</param>
internal readonly record struct Transfer(int Peer, Region Data)
{
    /// <summary>Messages that lie one after the other.</summary>
    /// <param name="peers">Whose they are, in the order in which they lie.</param>
    /// <param name="bytes">How long each is.</param>
    /// <param name="all">Where they lie.</param>
    public static Transfer[] Parts(IReadOnlyList<int> peers, nint[] bytes, Region all)
    {
        Transfer[] parts = new Transfer[peers.Count];
        nint start = 0;
        for (int i = 0; i < parts.Length; start += bytes[i++]) parts[i] = new Transfer(peers[i], all.Slice(start, bytes[i]));
        return parts;
    }
}

namespace Switchyard.Collectives.Transport;

/// <summary>One message of an exchange, seen from one of its ends.</summary>
/// <param name="Peer">The rank at the other end.</param>
/// <param name="Data">What to send, or where to put what comes.</param>
internal readonly record struct Transfer(int Peer, Region Data);

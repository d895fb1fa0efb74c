namespace Switchyard.Collectives.Transport;

/// <summary>What a message is for; messages of different channels never meet.</summary>
internal enum Channel
{
    /// <summary>The user's data in a collective call.</summary>
    Payload,

    /// <summary>Counts and other bookkeeping inside a collective call.</summary>
    Control,

    /// <summary>Two ranks agreeing on a send and its receive, and the data of it.</summary>
    Pair,

    /// <summary>All ranks agreeing on a call.</summary>
    Agreement,
}

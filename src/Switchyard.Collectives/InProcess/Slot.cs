using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives.InProcess;

/// <summary>One message on its way from one thread to another: the memory of the sender, from which the receiver copies.</summary>
internal struct Slot
{
    private const int Empty = 0, Posted = 1, Copying = 2;

    private Region _data;
    private Channel _channel;
    private int _state;

    /// <summary>Whether a message waits for its receiver, or is being copied.</summary>
    public readonly bool IsPosted => Volatile.Read(in _state) != Empty;

    /// <summary>Offers a message; the slot must be empty.</summary>
    public void Post(Channel channel, Region data)
    {
        (_channel, _data) = (channel, data);
        Volatile.Write(ref _state, Posted);
    }

    /// <summary>Copies the message that is posted, and empties the slot.</summary>
    /// <returns>False if it is another message than was expected, or was taken back.</returns>
    public bool TryTake(Channel channel, Region target)
    {
        if (Interlocked.CompareExchange(ref _state, Copying, Posted) != Posted) return false;
        bool fits = _channel == channel && _data.Bytes == target.Bytes;
        if (fits) _data.CopyTo(target);
        Volatile.Write(ref _state, fits ? Empty : Posted);
        return fits;
    }

    /// <summary>Takes a message back, unless it is gone: after this nobody reads the sender's memory.</summary>
    public void Withdraw()
    {
        SpinWait patience = default;
        while (Volatile.Read(ref _state) != Empty && Interlocked.CompareExchange(ref _state, Empty, Posted) != Posted) patience.SpinOnce();
    }
}

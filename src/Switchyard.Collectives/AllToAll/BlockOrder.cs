using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives.AllToAll;

/// <summary>Blocks that lie one after the other, each of which is what one rank sends another.</summary>
internal sealed class BlockOrder
{
    private readonly (int From, int To)[] _blocks;
    private readonly nint[] _starts; // [blocks + 1], in bytes

    /// <summary>Blocks in an order.</summary>
    /// <param name="blocks">The blocks.</param>
    /// <param name="bytes">How long the block from one rank to another is.</param>
    public BlockOrder(IEnumerable<(int From, int To)> blocks, Func<int, int, nint> bytes)
    {
        _blocks = [.. blocks];
        _starts = new nint[_blocks.Length + 1];
        for (int i = 0; i < _blocks.Length; i++) _starts[i + 1] = _starts[i] + bytes(_blocks[i].From, _blocks[i].To);
    }

    /// <summary>How long all are together.</summary>
    public nint Bytes => _starts[^1];

    /// <summary>Copies the blocks into another order.</summary>
    /// <param name="source">Where they lie in this order.</param>
    /// <param name="other">The other order, of the same blocks.</param>
    /// <param name="target">Where they come.</param>
    public void CopyTo(Region source, BlockOrder other, Region target)
    {
        Dictionary<(int From, int To), int> places = new(_blocks.Length);
        for (int i = 0; i < _blocks.Length; i++) places.Add(_blocks[i], i);
        for (int i = 0; i < _blocks.Length; i++)
        {
            int from = places[other._blocks[i]];
            nint bytes = _starts[from + 1] - _starts[from];
            if (bytes > 0) source.Slice(_starts[from], bytes).CopyTo(target.Slice(other._starts[i], bytes));
        }
    }
}

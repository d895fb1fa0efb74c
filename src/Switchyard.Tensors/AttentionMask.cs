namespace Switchyard.Tensors;

/// <summary>Which keys a query may see. Query i stands at position <see cref="QueryOffset"/> + i, key j at position j.</summary>
/// <param name="Causal">No key behind the query's own position.</param>
/// <param name="Window">Only keys less than so many positions away, the query's own position counted; null for no limit.</param>
/// <param name="QueryOffset">The position of the first query: the length of the cache when decoding.</param>
public readonly record struct AttentionMask(bool Causal = false, int? Window = null, int QueryOffset = 0)
{
    /// <summary>The first key that a query sees.</summary>
    internal int First(int query) => Window is { } window ? (int)Math.Clamp((long)QueryOffset + query - window + 1, 0, int.MaxValue) : 0;

    /// <summary>The end of the keys that a query sees, out of so many.</summary>
    internal int End(int query, int keys)
    {
        long end = Causal ? (long)QueryOffset + query + 1 : Window is { } window ? (long)QueryOffset + query + window : keys;
        return (int)Math.Clamp(end, 0, keys);
    }
}

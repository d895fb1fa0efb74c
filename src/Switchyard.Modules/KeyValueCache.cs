using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>
/// The keys and values of the tokens that one attention layer has seen of one sequence, so that decoding a token
/// costs one token's work. Not differentiable.
/// </summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly Tensor _keys;
    private readonly Tensor _values;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="capacity">The most tokens that it will hold.</param>
    /// <param name="heads">Key/value heads.</param>
    /// <param name="headWidth">Length of a key and of a value.</param>
    public KeyValueCache(int capacity, int heads, int headWidth)
    {
        _keys = Tensor.Zeros([capacity, heads * headWidth]).Release();
        _values = Tensor.Zeros([capacity, heads * headWidth]).Release();
    }

    /// <summary>Tokens held.</summary>
    public int Length { get; private set; }

    /// <summary>Adds the keys and values of new tokens and gives those of all tokens.</summary>
    /// <param name="keys">[1, new tokens, heads, head width], rotated to their positions.</param>
    /// <param name="values">[1, new tokens, heads, head width].</param>
    /// <returns>Keys and values [1, all tokens, heads, head width].</returns>
    /// <exception cref="ArgumentException">There is more than one sequence, or no room.</exception>
    public (Tensor Keys, Tensor Values) Append(Tensor keys, Tensor values)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(values);
        int added = keys.Shape[1];
        if (keys.Shape[0] != 1) throw new ArgumentException($"keys of {keys.Shape[0]} sequences were given: a cache holds one");
        if (Length + added > _keys.Shape[0]) throw new ArgumentException($"{Length + added} tokens do not fit into a cache of {_keys.Shape[0]}");
        int width = _keys.Shape[1];
        keys.AsReadOnlySpan<float>().CopyTo(_keys.AsSpan<float>()[(Length * width)..]);
        values.AsReadOnlySpan<float>().CopyTo(_values.AsSpan<float>()[(Length * width)..]);
        Length += added;
        Shape shape = [1, Length, keys.Shape[2], keys.Shape[3]];
        return (_keys.Slice(0, 0, Length).Reshape(shape), _values.Slice(0, 0, Length).Reshape(shape));
    }

    /// <summary>Forgets every token.</summary>
    public void Clear() => Length = 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
    }
}

using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>
/// The keys and values of the tokens that one attention layer has seen of one sequence, or of several that grow side by
/// side, so that decoding a token costs one token's work. Not differentiable.
/// </summary>
public sealed class KeyValueCache : IDisposable
{
    // [capacity, sequences, heads · head width]: a token of every sequence after the other.
    private readonly Tensor _keys;
    private readonly Tensor _values;
    private readonly int _mostSequences;
    private int _sequences;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="capacity">The most tokens of a sequence that it will hold.</param>
    /// <param name="heads">Key/value heads.</param>
    /// <param name="headWidth">Length of a key and of a value.</param>
    /// <param name="sequences">The most sequences that it will hold.</param>
    public KeyValueCache(int capacity, int heads, int headWidth, int sequences = 1)
    {
        _keys = Tensor.Zeros([capacity, sequences * heads * headWidth]).Release();
        _values = Tensor.Zeros([capacity, sequences * heads * headWidth]).Release();
        _mostSequences = sequences;
    }

    /// <summary>Tokens held of every sequence.</summary>
    public int Length { get; private set; }

    /// <summary>Adds the keys and values of new tokens and gives those of all tokens.</summary>
    /// <param name="keys">[sequences, new tokens, heads, head width], rotated to their positions.</param>
    /// <param name="values">[sequences, new tokens, heads, head width].</param>
    /// <returns>Keys and values [sequences, all tokens, heads, head width].</returns>
    /// <exception cref="ArgumentException">There are more sequences than it holds, others than before, or no room.</exception>
    public (Tensor Keys, Tensor Values) Append(Tensor keys, Tensor values)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(values);
        int sequences = keys.Shape[0], added = keys.Shape[1];
        if (sequences > _mostSequences || Length > 0 && sequences != _sequences) throw new ArgumentException($"keys of {sequences} sequences were given: the cache holds {(Length > 0 ? _sequences : _mostSequences)}");
        if (Length + added > _keys.Shape[0]) throw new ArgumentException($"{Length + added} tokens do not fit into a cache of {_keys.Shape[0]}");
        _sequences = sequences;
        Store(keys, _keys);
        Store(values, _values);
        Length += added;
        return (All(_keys, keys.Shape), All(_values, values.Shape));
    }

    /// <summary>Lets other sequences continue: the n-th of them the one that <paramref name="parents"/> names there.</summary>
    /// <param name="parents">Numbers of sequences, each as often as it goes on.</param>
    /// <exception cref="ArgumentException">There are more than the cache holds, or one is not there.</exception>
    public void Select(ReadOnlySpan<int> parents)
    {
        if (parents.Length > _mostSequences || parents.ContainsAnyExceptInRange(0, _sequences - 1)) throw new ArgumentException($"{parents.Length} of {_sequences} sequences were chosen: the cache holds {_mostSequences}");
        int stride = _keys.Shape[1], width = stride / _mostSequences;
        float[] before = new float[stride];
        foreach (Tensor tensor in (ReadOnlySpan<Tensor>)[_keys, _values])
        {
            for (int token = 0; token < Length; token++)
            {
                Span<float> row = tensor.AsSpan<float>().Slice(token * stride, stride);
                row.CopyTo(before);
                for (int i = 0; i < parents.Length; i++) before.AsSpan(parents[i] * width, width).CopyTo(row[(i * width)..]);
            }
        }
        _sequences = parents.Length;
    }

    /// <summary>Forgets every token.</summary>
    public void Clear() => Length = 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
    }

    private void Store(Tensor added, Tensor to)
    {
        int stride = to.Shape[1], width = stride / _mostSequences, tokens = added.Shape[1];
        ReadOnlySpan<float> from = added.AsReadOnlySpan<float>();
        for (int sequence = 0; sequence < _sequences; sequence++)
            for (int token = 0; token < tokens; token++)
                from.Slice((sequence * tokens + token) * width, width).CopyTo(to.AsSpan<float>()[((Length + token) * stride + sequence * width)..]);
    }

    private Tensor All(Tensor tensor, Shape added)
    {
        Tensor tokens = tensor.Slice(0, 0, Length);
        if (_mostSequences == 1) return tokens.Reshape([1, Length, added[2], added[3]]);
        Shape bySequence = [Length, _mostSequences, added[2], added[3]];
        return tokens.Reshape(bySequence).Slice(1, 0, _sequences).Transpose(0, 1);
    }
}

namespace Switchyard.Tensors;

/// <summary>
/// Frees, at its end, every tensor made on this thread inside it and not kept. Scopes nest.
/// <code>
/// using TensorScope scope = new();
/// Tensor loss = model.Loss(batch);
/// scope.Keep(loss);          // now belongs to the scope around, or to the caller
/// </code>
/// A tensor made outside every scope belongs to whoever made it.
/// </summary>
public sealed class TensorScope : IDisposable
{
    [ThreadStatic]
    private static TensorScope? t_current;

    // The list of the last scope that ended on this thread: a training loop then allocates none.
    [ThreadStatic]
    private static List<Tensor?>? t_spareList;

    private readonly TensorScope? _outer;
    private List<Tensor?>? _tensors;

    /// <summary>Opens a scope inside the one that is open on this thread, if any.</summary>
    public TensorScope()
    {
        _outer = t_current;
        _tensors = t_spareList ?? [];
        t_spareList = null;
        t_current = this;
    }

    /// <summary>The innermost scope that is open on this thread, or null.</summary>
    public static TensorScope? Current => t_current;

    /// <summary>Moves a tensor to the scope around this one; with none around, it belongs to the caller from now on.</summary>
    /// <returns>The same tensor.</returns>
    public Tensor Keep(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        tensor.MoveTo(_outer);
        return tensor;
    }

    /// <summary>Frees every tensor that is still in the scope.</summary>
    /// <exception cref="InvalidOperationException">A scope opened inside this one is still open.</exception>
    public void Dispose()
    {
        if (_tensors is null) return;
        if (t_current != this) throw new InvalidOperationException("a scope was ended while a scope inside it is still open: end the inner one first");
        t_current = _outer;
        List<Tensor?> tensors = _tensors;
        _tensors = null;
        foreach (Tensor? tensor in tensors) tensor?.Dispose();
        tensors.Clear();
        t_spareList = tensors;
    }

    internal int Add(Tensor tensor)
    {
        List<Tensor?> tensors = _tensors ?? throw new ObjectDisposedException(nameof(TensorScope));
        tensors.Add(tensor);
        return tensors.Count - 1;
    }

    internal void Remove(int index)
    {
        if (_tensors is not null) _tensors[index] = null;
    }
}

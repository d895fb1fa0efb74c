using System.Numerics.Tensors;
using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Memory;

namespace Switchyard.Tensors;

/// <summary>
/// Numbers in a row-major array of up to <see cref="Shape.MaxRank"/> axes, always contiguous, in native memory.
/// Operations are methods in the files of <c>Operations/</c>; each stands next to its gradient.
/// </summary>
/// <remarks>
/// A tensor belongs to the <see cref="TensorScope"/> in which it was made, or to its maker, who disposes it.
/// Reshaped tensors and runs of rows share memory with their origin.
/// </remarks>
public sealed partial class Tensor : IDisposable
{
    private nint _address;
    private readonly Shape _shape;
    private Storage? _storage;
    private TensorScope? _scope;
    private int _scopeIndex;
    private bool _requiresGradient;

    private Tensor(Storage storage, nint address, Shape shape, ElementType type)
    {
        storage.AddReference();
        _storage = storage;
        _address = address;
        _shape = shape;
        Type = type;
        if (TensorScope.Current is { } scope) Enter(scope);
    }

    /// <summary>The extents of the axes.</summary>
    public Shape Shape => _shape;

    /// <summary>What one element is.</summary>
    public ElementType Type { get; private set; }

    /// <summary>The number of axes.</summary>
    public int Rank => _shape.Rank;

    /// <summary>The number of elements.</summary>
    public long Elements => _shape.Elements;

    /// <summary>Whether the memory has been given back.</summary>
    public bool IsDisposed => _storage is null;

    /// <summary>
    /// Whether gradients flow to this tensor. Set on a leaf, such as a parameter; the result of an operation has it
    /// when one of its operands has.
    /// </summary>
    /// <exception cref="ArgumentException">Set on integers or on a storage type.</exception>
    /// <exception cref="InvalidOperationException">Set on the result of an operation.</exception>
    public bool RequiresGradient
    {
        get => _requiresGradient;
        set
        {
            if (value && !Type.IsComputed()) throw new ArgumentException($"a tensor of {Type} carries no gradient: convert it to Float32 or Float64");
            if (Node is { IsLeaf: false }) throw new InvalidOperationException("the result of an operation has its gradient by its operands: use Detach() for a tensor without one");
            _requiresGradient = value;
            Node = value ? Node ?? Node.Of(this) : null;
        }
    }

    /// <summary>
    /// What <see cref="Backward(Tensor?, bool)"/> has added up for this leaf, or null. It belongs to the same scope as the leaf.
    /// </summary>
    public Tensor? Gradient { get; set; }

    /// <summary>How the tensor came about, while gradients are recorded.</summary>
    internal Node? Node { get; private set; }

    internal nint Address => _storage is not null ? _address : throw Freed();

    internal Storage Storage => _storage ?? throw Freed();

    /// <summary>A tensor whose elements are not set yet.</summary>
    public static Tensor Empty(Shape shape, ElementType type = ElementType.Float32)
    {
        Storage storage = MemoryPool.Rent(shape.Elements * type.Size());
        return new Tensor(storage, storage.Address, shape, type);
    }

    /// <summary>A tensor of zeros.</summary>
    public static Tensor Zeros(Shape shape, ElementType type = ElementType.Float32)
    {
        Tensor result = Empty(shape, type);
        Kernels.Moving.Clear(result);
        return result;
    }

    /// <summary>A tensor of which every element is <paramref name="value"/>.</summary>
    public static Tensor Full(Shape shape, double value, ElementType type = ElementType.Float32)
    {
        Tensor result = Empty(shape, type);
        result.Fill(value);
        return result;
    }

    /// <summary>A tensor of no axes that holds one number.</summary>
    public static Tensor Scalar(double value, ElementType type = ElementType.Float32) => Full([], value, type);

    /// <summary>A tensor with a copy of the given elements, in row-major order. Floats, doubles, ints or Halfs.</summary>
    /// <exception cref="ArgumentException">The number of elements is not that of the shape.</exception>
    public static Tensor From<T>(ReadOnlySpan<T> elements, Shape shape)
        where T : unmanaged
    {
        if (elements.Length != shape.Elements) throw new ArgumentException($"{elements.Length} elements given for shape {shape}, which holds {shape.Elements}");
        Tensor result = Empty(shape, ElementTypes.Of<T>());
        elements.CopyTo(result.AsSpan<T>());
        return result;
    }

    /// <inheritdoc cref="From{T}(ReadOnlySpan{T}, Shape)"/>
    public static Tensor From<T>(T[] elements, Shape shape)
        where T : unmanaged
        => From((ReadOnlySpan<T>)elements, shape);

    /// <summary>
    /// The elements, to read and to write. Taking it counts as an in-place change: gradients that need the
    /// former values will report it.
    /// </summary>
    /// <remarks>
    /// The span does not keep the memory: hold on to the tensor, or to a scope that it belongs to, while it is used.
    /// </remarks>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is not the type of the elements.</exception>
    /// <exception cref="InvalidOperationException">More elements than a span can hold.</exception>
    public Span<T> AsSpan<T>()
        where T : unmanaged
    {
        MarkChanged();
        return Contents<T>();
    }

    /// <summary>The elements, to read.</summary>
    /// <inheritdoc cref="AsSpan{T}"/>
    public ReadOnlySpan<T> AsReadOnlySpan<T>()
        where T : unmanaged
        => Contents<T>();

    /// <summary>A stretch of the memory as bytes, to read: every element type has one.</summary>
    /// <param name="start">The first byte.</param>
    /// <param name="length">How many; the memory holds Elements · Type.Size() in all.</param>
    /// <exception cref="ArgumentOutOfRangeException">The stretch leaves the memory.</exception>
    public ReadOnlySpan<byte> AsReadOnlyBytes(long start, int length) => Bytes(start, length);

    /// <summary>A stretch of the memory as bytes, to read and to write; counts as an in-place change.</summary>
    /// <inheritdoc cref="AsReadOnlyBytes"/>
    public Span<byte> AsBytes(long start, int length)
    {
        MarkChanged();
        return Bytes(start, length);
    }

    /// <summary>The elements as a tensor span of <c>System.Numerics.Tensors</c>, to read and to write.</summary>
    /// <inheritdoc cref="AsSpan{T}"/>
    public TensorSpan<T> AsTensorSpan<T>()
        where T : unmanaged
        => new(AsSpan<T>(), Lengths());

    /// <summary>The elements as a tensor span of <c>System.Numerics.Tensors</c>, to read.</summary>
    /// <inheritdoc cref="AsSpan{T}"/>
    public ReadOnlyTensorSpan<T> AsReadOnlyTensorSpan<T>()
        where T : unmanaged
        => new(AsReadOnlySpan<T>(), Lengths());

    /// <summary>The elements in a new array.</summary>
    /// <inheritdoc cref="AsSpan{T}"/>
    public T[] ToArray<T>()
        where T : unmanaged
    {
        T[] copy = AsReadOnlySpan<T>().ToArray();
        // Making the array may collect garbage: a tensor of nobody must not lose its memory while it is copied.
        GC.KeepAlive(this);
        return copy;
    }

    /// <summary>The value of a tensor that holds one number.</summary>
    /// <exception cref="InvalidOperationException">It holds more or less than one.</exception>
    public double ToDouble()
    {
        if (Elements != 1) throw new InvalidOperationException($"a tensor of shape {_shape} is not one number");
        return Type switch
        {
            ElementType.Float32 => AsReadOnlySpan<float>()[0],
            ElementType.Float64 => AsReadOnlySpan<double>()[0],
            ElementType.Int32 => AsReadOnlySpan<int>()[0],
            _ => throw new InvalidOperationException($"convert a tensor of {Type} before reading it"),
        };
    }

    /// <summary>The same memory as a tensor without history: no gradient flows through it.</summary>
    public Tensor Detach() => View(_shape);

    /// <summary>A copy with memory of its own and without history.</summary>
    public Tensor Clone()
    {
        Tensor copy = Empty(_shape, Type);
        Kernels.Moving.Copy(this, copy);
        return copy;
    }

    /// <summary>Frees and forgets <see cref="Gradient"/>.</summary>
    public void ClearGradient()
    {
        Gradient?.Dispose();
        Gradient = null;
    }

    /// <summary>Gives the memory back. A tensor that shares it keeps it alive.</summary>
    public void Dispose()
    {
        Storage? storage = Interlocked.Exchange(ref _storage, null);
        if (storage is null) return;
        _scope?.Remove(_scopeIndex);
        _scope = null;
        Node?.Free();
        Node = null;
        storage.Release();
    }

    /// <summary>For example <c>Float32[32, 256]</c>.</summary>
    public override string ToString() => IsDisposed ? $"{Type}{_shape} (freed)" : $"{Type}{_shape}";

    /// <summary>Takes over the memory and element type of another tensor of the same shape, which is freed. For leaves.</summary>
    internal void Become(Tensor other)
    {
        if (other.Shape != _shape) throw new ArgumentException($"a tensor of shape {_shape} cannot become one of shape {other.Shape}");
        Storage before = Storage;
        other.Storage.AddReference();
        (_storage, _address, Type) = (other.Storage, other._address, other.Type);
        other.Dispose();
        before.Release();
    }

    /// <summary>A tensor of another shape on the same memory, from an element onwards, without history.</summary>
    internal Tensor View(Shape shape, long fromElement = 0) => new(Storage, _address + (nint)(fromElement * Type.Size()), shape, Type);

    /// <summary>Records that the elements are no longer what they were.</summary>
    internal void MarkChanged() => Storage.Version++;

    /// <summary>Takes the tensor out of every scope: it belongs to the caller from now on.</summary>
    /// <returns>This tensor.</returns>
    public Tensor Release()
    {
        MoveTo(null);
        return this;
    }

    internal void MoveTo(TensorScope? scope)
    {
        _scope?.Remove(_scopeIndex);
        _scope = null;
        if (scope is not null) Enter(scope);
    }

    /// <summary>Moves to the scope, or the maker, that <paramref name="other"/> belongs to.</summary>
    internal void MoveBeside(Tensor other) => MoveTo(other._scope);

    internal void SetNode(Node node)
    {
        Node = node;
        _requiresGradient = true;
    }

    private void Enter(TensorScope scope)
    {
        _scope = scope;
        _scopeIndex = scope.Add(this);
    }

    private Span<T> Contents<T>()
        where T : unmanaged
    {
        if (ElementTypes.Of<T>() != Type) throw new ArgumentException($"a tensor of {Type} has no elements of type {typeof(T).Name}");
        if (Elements > int.MaxValue) throw new InvalidOperationException($"{Elements} elements are more than a span can hold: read it in runs of rows");
        return Kernels.Moving.Span<T>(Address, (int)Elements);
    }

    private Span<byte> Bytes(long start, int length)
    {
        long bytes = Elements * Type.Size();
        if (start < 0 || length < 0 || start + length > bytes) throw new ArgumentOutOfRangeException(nameof(start), start, $"{length} bytes from there leave the {bytes} of {this}");
        return Kernels.Moving.Span<byte>(Address + (nint)start, length);
    }

    private nint[] Lengths() => Array.ConvertAll(_shape.ToArray(), extent => (nint)extent);

    private ObjectDisposedException Freed() => new(ToString(), "the tensor's memory was given back, by Dispose() or at the end of its TensorScope: Keep() it in the scope");
}

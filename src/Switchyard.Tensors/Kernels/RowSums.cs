using System.Numerics;
using System.Numerics.Tensors;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// The gradient of a row that every row of a matrix used, such as a weight: each part of a kernel leaves a row of
/// sums, and these are added up in the order of the parts.
/// </summary>
internal readonly unsafe ref struct RowSums : IDisposable
{
    private readonly Tensor? _total;
    private readonly int _parts;
    private readonly Workspace<byte> _sums;

    /// <param name="total">Where the total goes; null if nobody wants it.</param>
    /// <param name="parts">How many rows of sums there will be.</param>
    public RowSums(Tensor? total, int parts)
    {
        (_total, _parts) = (total, parts);
        _sums = new Workspace<byte>(total is null ? 0 : parts * total.Elements * total.Type.Size());
    }

    /// <summary>[parts, elements of the total], undefined at first; null if nobody wants it.</summary>
    public void* Pointer => _total is null ? null : _sums.Pointer;

    public void AddUp()
    {
        if (_total is null) return;
        _total.MarkChanged();
        if (_total.Type == ElementType.Float32) AddUp<float>(_total);
        else AddUp<double>(_total);
    }

    public void Dispose() => _sums.Dispose();

    private void AddUp<T>(Tensor total)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        int width = (int)total.Elements;
        Span<T> to = new((void*)total.Address, width);
        to.Clear();
        for (int part = 0; part < _parts; part++) TensorPrimitives.Add(to, new ReadOnlySpan<T>((T*)_sums.Pointer + (long)part * width, width), to);
    }
}

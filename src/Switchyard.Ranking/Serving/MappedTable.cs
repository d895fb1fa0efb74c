using System.IO.MemoryMappedFiles;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Switchyard.Modules.Safetensors;
using Switchyard.Ranking.Features;

namespace Switchyard.Ranking.Serving;

/// <summary>A table whose rows are read from the mapped file as they are asked for, however large it is.</summary>
internal sealed class MappedTable
{
    private const int Piece = 64;

    private readonly SafeBuffer _memory;
    private readonly ulong _start;
    private readonly int _rows;
    private readonly Pooling _pooling;
    private readonly float[]? _query;

    private MappedTable(SafeBuffer memory, ulong start, Feature feature, float[]? query)
        => (_memory, _start, _rows, Width, _pooling, _query) = (memory, start, feature.TableRows, feature.TableWidth, feature.Pooling, query);

    /// <summary>Length of a row.</summary>
    public int Width { get; }

    /// <summary>Finds a table in a mapped file.</summary>
    /// <param name="file">The file's header.</param>
    /// <param name="view">The whole file.</param>
    /// <param name="name">The table's name.</param>
    /// <param name="feature">What it must fit.</param>
    /// <param name="query">What bags are pooled by, where that is by attention.</param>
    /// <exception cref="SwitchyardException">It is missing, or does not fit.</exception>
    public static MappedTable Open(SafetensorsFile file, MemoryMappedViewAccessor view, string name, Feature feature, float[]? query)
    {
        SafetensorsEntry entry = file.Header.Find(name) ?? throw new SwitchyardException($"{file.Header.Source}: the table {name} of feature '{feature.Name}' is missing", "train anew");
        if (entry.Type != SafetensorsType.Float32 || !entry.Shape.AsSpan().SequenceEqual([feature.TableRows, feature.TableWidth]))
            throw new SwitchyardException($"{file.Header.Source}: the table {name} is [{string.Join(", ", entry.Shape)}], the feature '{feature.Name}' of the schema needs [{feature.TableRows}, {feature.TableWidth}]", "put back the schema of the run");
        return new MappedTable(view.SafeMemoryMappedViewHandle, (ulong)(view.PointerOffset + entry.Offset), feature, query);
    }

    /// <summary>Rows as one.</summary>
    /// <param name="ids">Their numbers, up to the first that is below 0.</param>
    /// <param name="to">Where to put it.</param>
    public void Pool(ReadOnlySpan<int> ids, Span<float> to)
    {
        int count = ids.IndexOf(-1) is >= 0 and int end ? end : ids.Length;
        if (count == 1)
        {
            Read(ids[0], to);
            return;
        }
        to.Clear();
        Span<float> piece = stackalloc float[Piece], weights = stackalloc float[count];
        weights.Fill(_pooling == Pooling.Mean ? 1f / count : 1);
        if (_query is not null) Attend(ids[..count], weights, piece);
        for (int i = 0; i < count; i++)
        {
            for (int start = 0; start < Width; start += Piece)
            {
                Span<float> own = piece[..Math.Min(Piece, Width - start)], sum = to.Slice(start, own.Length);
                Read(ids[i], start, own);
                TensorPrimitives.MultiplyAdd(own, weights[i], sum, sum);
            }
        }
    }

    private void Attend(ReadOnlySpan<int> ids, Span<float> weights, Span<float> piece)
    {
        weights.Clear();
        for (int i = 0; i < ids.Length; i++)
        {
            for (int start = 0; start < Width; start += Piece)
            {
                Span<float> own = piece[..Math.Min(Piece, Width - start)];
                Read(ids[i], start, own);
                weights[i] += TensorPrimitives.Dot(own, _query.AsSpan(start, own.Length));
            }
        }
        TensorPrimitives.SoftMax(weights, weights);
    }

    /// <summary>One row.</summary>
    public void Read(int row, Span<float> to) => Read(row, 0, to);

    private void Read(int row, int start, Span<float> to)
    {
        if ((uint)row >= (uint)_rows) throw new ArgumentOutOfRangeException(nameof(row), row, $"the table has {_rows} rows");
        _memory.ReadSpan(_start + ((ulong)row * (ulong)Width + (ulong)start) * sizeof(float), to);
    }
}

using Switchyard.Tensors;

namespace Switchyard.Ranking.Data;

/// <summary>Some encoded examples.</summary>
/// <param name="layout">How a record is laid out.</param>
/// <param name="words">The records, one after the other.</param>
public sealed class ExampleBatch(ExampleLayout layout, int[] words)
{
    /// <summary>How a record is laid out.</summary>
    public ExampleLayout Layout => layout;

    /// <summary>How many examples there are.</summary>
    public int Count { get; } = words.Length / layout.Words;

    /// <summary>The words of one example.</summary>
    public Span<int> this[int row] => words.AsSpan(row * layout.Words, layout.Words);

    /// <summary>The numbers of all [rows, dense].</summary>
    public Tensor Dense()
    {
        Tensor dense = Tensor.Empty([Count, layout.Dense]);
        Span<float> span = dense.AsSpan<float>();
        for (int row = 0; row < Count; row++) layout.DenseOf(this[row]).CopyTo(span[(row * layout.Dense)..]);
        return dense;
    }

    /// <summary>The labels of a task [rows]; NaN where it does not count.</summary>
    public float[] Labels(int task)
    {
        float[] labels = new float[Count];
        for (int row = 0; row < labels.Length; row++) labels[row] = layout.LabelsOf(this[row])[task];
        return labels;
    }

    /// <summary>The positions from 0 [rows]; -1 where one is unknown.</summary>
    public int[] Positions()
    {
        int[] positions = new int[Count];
        for (int row = 0; row < positions.Length; row++) positions[row] = layout.PositionOf(this[row]);
        return positions;
    }

    /// <summary>The devices [rows].</summary>
    public int[] Devices()
    {
        int[] devices = new int[Count];
        for (int row = 0; row < devices.Length; row++) devices[row] = layout.DeviceOf(this[row]);
        return devices;
    }

    /// <summary>The groups [rows].</summary>
    public int[] Groups()
    {
        int[] groups = new int[Count];
        for (int row = 0; row < groups.Length; row++) groups[row] = layout.GroupOf(this[row]);
        return groups;
    }
}

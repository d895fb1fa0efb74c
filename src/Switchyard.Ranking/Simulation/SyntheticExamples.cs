using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Simulation;

/// <summary>Examples of a <see cref="SyntheticPair"/>, made as they are read: x ~ N(0, I), and two labels. None is kept, however many there are.</summary>
/// <param name="pair">The two tasks.</param>
/// <param name="layout">How they are laid out.</param>
/// <param name="count">How many examples there are.</param>
/// <param name="random">Decides them.</param>
public sealed class SyntheticExamples(SyntheticPair pair, ExampleLayout layout, long count, Philox random) : ExampleSource
{
    /// <summary>Length of x.</summary>
    public const int Features = 100;

    // That of the public generator.
    private const double NoiseDeviation = 0.01;

    /// <summary>What the columns mean.</summary>
    public static FeatureSchema Schema { get; } = new()
    {
        Features = [.. Enumerable.Range(0, Features).Select(static i => new Feature { Name = $"x{i}" })],
        Tasks = [new TaskColumn { Name = "first", Kind = TaskKind.Regression }, new TaskColumn { Name = "second", Kind = TaskKind.Regression }],
    };

    /// <inheritdoc/>
    public override ExampleLayout Layout => layout;

    /// <inheritdoc/>
    public override long Count => count;

    /// <inheritdoc/>
    public override void Read(long index, Span<int> record)
    {
        Philox own = random.Split((ulong)index);
        Span<double> x = stackalloc double[Features];
        record.Clear();
        Span<float> dense = layout.DenseOf(record), labels = layout.LabelsOf(record);
        for (int i = 0; i < Features; i++)
        {
            x[i] = own.NextNormal();
            // Beside each number stands whether it is missing.
            dense[2 * i] = (float)x[i];
        }
        for (int task = 0; task < labels.Length; task++) labels[task] = (float)(pair.Label(task, x) + NoiseDeviation * own.NextNormal());
        layout.PositionOf(record) = -1;
        layout.GroupOf(record) = checked((int)index);
    }
}

using Switchyard.Tensors;

namespace Switchyard.Training.Mixtures;

/// <summary>Rows of a table as a mixture takes them.</summary>
/// <param name="Values">The features in the units of the table, [rows][features].</param>
/// <param name="Labels">The labels of the target; null where it is a number, or absent.</param>
/// <param name="Numbers">The target in the units of the table; null where it is a class, or absent.</param>
public sealed record MixtureRows(double[][] Values, string[]? Labels, double[]? Numbers)
{
    /// <summary>How many rows there are.</summary>
    public int Count => Values.Length;

    /// <summary>Some of the rows.</summary>
    public MixtureRows Take(IReadOnlyList<int> rows) => new(
        [.. rows.Select(row => Values[row])],
        Labels is null ? null : [.. rows.Select(row => Labels[row])],
        Numbers is null ? null : [.. rows.Select(row => Numbers[row])]);

    /// <summary>The features, standardised: Float64 [rows, features].</summary>
    public Tensor Features(MixtureConfig config) =>
        Tensor.From(Values.SelectMany(row => row.Select((value, i) => config.Features[i].Of(value))).ToArray(), [Count, config.Features.Count]);

    /// <summary>The targets, standardised or one-hot (of two classes: 1 for the second): Float64 [rows, outputs].</summary>
    /// <exception cref="InvalidOperationException">The rows have no target.</exception>
    public Tensor Targets(MixtureConfig config)
    {
        if (Numbers is { } numbers)
            return Tensor.From(Array.ConvertAll(numbers, number => (number - config.TargetMean) / config.TargetDeviation), [Count, 1]);
        if (Labels is not { } labels || config.Classes is not { } classes) throw new InvalidOperationException("the rows have no target");
        Dictionary<string, int> indices = classes.Select((label, index) => (label, index)).ToDictionary(entry => entry.label, entry => entry.index);
        if (classes.Count == 2) return Tensor.From(Array.ConvertAll(labels, label => (double)indices[label]), [Count, 1]);
        return Tensor.From(Array.ConvertAll(labels, label => indices[label]), [Count]).OneHot(classes.Count, ElementType.Float64);
    }
}

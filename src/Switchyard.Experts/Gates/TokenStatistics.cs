using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>What a text that is to be learnt is like.</summary>
/// <param name="Frequency">How often each id occurs [vocabulary].</param>
/// <param name="Embedding">A vector for each id, close for ids that are used alike, Float32 [vocabulary, dimensions].</param>
public sealed record TokenStatistics(IReadOnlyList<long> Frequency, Tensor Embedding);

using Switchyard.Ranking.Data;

namespace Switchyard.Ranking.Runs;

/// <summary>What a model is judged by.</summary>
/// <param name="Examples">The examples.</param>
/// <param name="Relevant">Whether each candidate was relevant, where the truth is known; else null.</param>
public sealed record HeldOutExamples(ExampleSource Examples, bool[]? Relevant = null);

using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Training;

namespace Switchyard.Ranking.Runs;

/// <summary>What a model is judged by.</summary>
/// <param name="Examples">The examples.</param>
/// <param name="Relevant">Whether each candidate was relevant, where the truth is known; else null.</param>
/// <param name="Liked">Whether it would be liked, clicked or not, where the truth is known; else null.</param>
public sealed record HeldOutExamples(ExampleSource Examples, bool[]? Relevant = null, bool[]? Liked = null) : IDisposable
{
    /// <summary>All of a log in a file, by a schema that has been measured.</summary>
    /// <exception cref="SwitchyardException">The file does not hold what the schema says.</exception>
    public static HeldOutExamples Load(string path, FeatureSchema schema, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
        => new(LogFile.Encode(path, new ExampleLayout(schema), progress, cancellation));

    /// <inheritdoc/>
    public void Dispose() => Examples.Dispose();
}

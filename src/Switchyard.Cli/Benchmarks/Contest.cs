namespace Switchyard.Cli.Benchmarks;

/// <summary>Work that can be repeated and timed.</summary>
/// <param name="Name">Who does it, or what bounds it: "openblas", "fma peak".</param>
/// <param name="Work">How much one call does: floating-point operations, bytes, tokens.</param>
/// <param name="Run">One call. Tensors that it makes are freed after it.</param>
internal sealed record Contestant(string Name, double Work, Action Run);

/// <summary>Our way to do some work, and what it is held against.</summary>
/// <param name="Work">How much one call does, ours and the peer's: floating-point operations, bytes, tokens.</param>
/// <param name="Ours">One call. Tensors that it makes are freed after it.</param>
internal sealed record Contest(double Work, Action Ours)
{
    /// <summary>The same work done by somebody else; null where nobody is there.</summary>
    public Contestant? Peer { get; init; }

    /// <summary>What bounds the work; null where nothing is known to.</summary>
    public Contestant? Limit { get; init; }
}

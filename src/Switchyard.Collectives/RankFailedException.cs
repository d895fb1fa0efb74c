namespace Switchyard.Collectives;

/// <summary>The program of one rank threw, which ended the programs of all.</summary>
/// <param name="rank">Whose.</param>
/// <param name="inner">What it threw.</param>
public sealed class RankFailedException(int rank, Exception inner) : Exception($"rank {rank}: {inner?.Message}", inner)
{
    /// <summary>Whose program threw.</summary>
    public int Rank { get; } = rank;
}

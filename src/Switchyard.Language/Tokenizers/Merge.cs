namespace Switchyard.Language.Tokenizers;

/// <summary>One rule of a byte-pair encoding: two neighbours become one. Its place in the list is its rank.</summary>
/// <param name="Left">Id of the left neighbour.</param>
/// <param name="Right">Id of the right neighbour.</param>
/// <param name="Result">Id of the token that replaces both.</param>
internal readonly record struct Merge(int Left, int Right, int Result)
{
    /// <summary>One number for a pair of neighbours: what merges are looked up by.</summary>
    public static long Key(int left, int right) => ((long)left << 32) | (uint)right;
}

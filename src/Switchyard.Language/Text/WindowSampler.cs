using System.Numerics;

namespace Switchyard.Language.Text;

/// <summary>
/// Training windows in an order that is a pure function of the seed: the n-th window can be had at any time without
/// the ones before it, so a run that goes on after a stop needs no more than the number of windows already seen.
/// Each epoch cuts the stream into windows that do not overlap, from an offset of its own, and visits them in a
/// permutation of its own. What is left over at the two ends of the stream, less than two windows, sits the epoch out.
/// </summary>
public sealed class WindowSampler
{
    private const int Rounds = 6;

    private readonly TokenStream _stream;
    private readonly ulong _seed;
    private readonly long _offsets;
    private readonly int _halfBits;

    /// <summary>Lays windows over a stream.</summary>
    /// <param name="stream">The tokens.</param>
    /// <param name="context">Tokens that the model sees at once; a window has one more, so that each has a successor.</param>
    /// <param name="seed">What decides the order.</param>
    /// <exception cref="SwitchyardException">The stream is shorter than one window.</exception>
    public WindowSampler(TokenStream stream, int context, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(context);
        WindowLength = checked(context + 1);
        stream.RequireWindow(WindowLength);
        _stream = stream;
        _seed = seed;

        // As many windows as fit from the last offset of a full window's worth, so that every epoch has the same number.
        int tokens = stream.Tokens.Length;
        WindowsPerEpoch = Math.Max(1, (tokens - WindowLength + 1) / WindowLength);
        _offsets = Math.Min(WindowLength, tokens - (long)WindowsPerEpoch * WindowLength + 1);
        _halfBits = (BitOperations.Log2((uint)WindowsPerEpoch) + 2) / 2;
    }

    /// <summary>Tokens in a window: the context and one more.</summary>
    public int WindowLength { get; }

    /// <summary>Windows in an epoch.</summary>
    public int WindowsPerEpoch { get; }

    /// <summary>The tokens of the n-th window of the run. [context + 1]</summary>
    /// <param name="index">At least 0; it goes on over the ends of epochs.</param>
    public ReadOnlySpan<int> Window(long index) => _stream.Tokens.Slice(Start(index), WindowLength);

    /// <summary>Where the n-th window of the run begins in the stream.</summary>
    /// <param name="index">At least 0; it goes on over the ends of epochs.</param>
    public int Start(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        (long epoch, long place) = Math.DivRem(index, WindowsPerEpoch);
        ulong key = SplitMix64.Mix(_seed + SplitMix64.Mix((ulong)epoch + SplitMix64.Step));
        long offset = SplitMix64.Below(SplitMix64.Mix(key + SplitMix64.Step), _offsets);
        return (int)(offset + Permute((ulong)place, key) * WindowLength);
    }

    /// <summary>
    /// A permutation of the windows of an epoch without a table: a Feistel network permutes the numbers below the
    /// next power of four, and is walked on until it comes back below the number of windows.
    /// </summary>
    private long Permute(ulong place, ulong key)
    {
        ulong mask = (1UL << _halfBits) - 1;
        do
        {
            ulong left = place >> _halfBits, right = place & mask;
            for (uint round = 0; round < Rounds; round++)
                (left, right) = (right, left ^ (SplitMix64.Mix(key + right * Rounds + round) & mask));
            place = (left << _halfBits) | right;
        }
        while (place >= (ulong)WindowsPerEpoch);
        return (long)place;
    }
}

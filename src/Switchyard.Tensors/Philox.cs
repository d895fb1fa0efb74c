using System.Runtime.CompilerServices;
using System.Text;

namespace Switchyard.Tensors;

/// <summary>
/// A counter-based random stream, Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011). The n-th number is a pure function of the key and n, so a stream can be split among threads,
/// saved as two numbers and resumed. Streams are passed in, never ambient.
/// </summary>
public sealed class Philox
{
    private readonly Philox? _whole;
    private readonly (int First, int Count, int Of) _part;
    private ulong _position;

    internal const uint MultiplierA = 0xD2511F53;
    internal const uint MultiplierB = 0xCD9E8D57;
    internal const uint WeylA = 0x9E3779B9;
    internal const uint WeylB = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>The stream of a seed, at its beginning.</summary>
    public Philox(ulong seed)
        : this(seed, 0)
    {
    }

    /// <summary>A stream at a saved position.</summary>
    /// <param name="key">Its <see cref="Key"/>.</param>
    /// <param name="position">Its <see cref="Position"/>.</param>
    public Philox(ulong key, ulong position) => (Key, _position) = (key, position);

    private Philox(Philox whole, int first, int count, int of) => (Key, _whole, _part) = (whole.Key, whole, (first, count, of));

    /// <summary>Which stream it is.</summary>
    public ulong Key { get; }

    /// <summary>How many blocks of four 32-bit numbers have been drawn.</summary>
    public ulong Position
    {
        get => _whole?.Position ?? _position;
        private set
        {
            if (_whole is null) _position = value;
            else _whole.Position = value;
        }
    }

    /// <summary>The stream that this one is a part of; itself if it is none.</summary>
    public Philox Whole => _whole ?? this;

    /// <summary>
    /// A stream for some of the rows that are worked on together: tensors drawn from it get the numbers that their rows
    /// would have in the tensor of all rows, and the stream moves past those of all. Single numbers are the same for all.
    /// </summary>
    /// <param name="first">The first row of the part.</param>
    /// <param name="count">How many rows it has; every tensor that is drawn is as many equal pieces.</param>
    /// <param name="of">How many rows there are in all.</param>
    /// <exception cref="ArgumentException">There are no such rows.</exception>
    public Philox Part(int first, int count, int of)
    {
        if (first < 0 || count < 1 || first > of - count) throw new ArgumentException($"rows {first} to {first + count - 1} of {of} are no part of a stream: give at least one, and within the whole");
        return new Philox(this, first, count, of);
    }

    /// <summary>
    /// An independent stream for a named purpose ("dropout", "layer 3"), the same whatever has been drawn from this one.
    /// </summary>
    public Philox Split(string purpose)
    {
        ArgumentNullException.ThrowIfNull(purpose);
        // FNV-1a: spreads the name over the key; Philox itself does the mixing.
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(purpose)) hash = (hash ^ b) * 0x100000001B3;
        return Split(hash);
    }

    /// <summary>An independent stream for a number, such as a step, the same whatever has been drawn from this one.</summary>
    public Philox Split(ulong index)
    {
        // The last word sets these blocks apart from those that Position counts.
        UInt128 block = Block(Key, index, 1);
        return new Philox((ulong)block);
    }

    /// <summary>The next 64 random bits.</summary>
    public ulong NextUInt64() => (ulong)Block(Key, Position++, 0);

    /// <summary>A number in [0, 1), a multiple of 2⁻⁵³.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A number from 0 to <paramref name="limit"/> - 1, all equally likely.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The limit is not positive.</exception>
    public int Next(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return (int)(((UInt128)NextUInt64() * (uint)limit) >> 64);
    }

    /// <summary>A number of the standard normal distribution (Box–Muller).</summary>
    public double NextNormal()
    {
        UInt128 block = Block(Key, Position++, 0);
        return Normal((ulong)block, (ulong)(block >> 64));
    }

    /// <summary>Takes <paramref name="blocks"/> blocks of four 32-bit numbers for a kernel, which computes them itself.</summary>
    /// <returns>The position of the first.</returns>
    internal ulong Take(long blocks)
    {
        if (_whole is not null)
        {
            if (blocks % _part.Count != 0) throw new ArgumentException($"{blocks} blocks of random numbers are not {_part.Count} equal pieces: choose a width and a length whose product is a multiple of four");
            long piece = blocks / _part.Count;
            return _whole.Take(piece * _part.Of) + (ulong)(piece * _part.First);
        }
        ulong first = _position;
        _position += (ulong)blocks;
        return first;
    }

    /// <summary>Four 32-bit numbers, lowest first, of the stream <paramref name="key"/> at a position in a lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static UInt128 Block(ulong key, ulong position, ulong lane)
    {
        (uint x0, uint x1, uint x2, uint x3) = Generate((uint)position, (uint)(position >> 32), (uint)lane, (uint)(lane >> 32), (uint)key, (uint)(key >> 32), Rounds);
        return new UInt128(((ulong)x3 << 32) | x2, ((ulong)x1 << 32) | x0);
    }

    /// <summary>The function itself: a counter of four words under a key of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (uint X0, uint X1, uint X2, uint X3) Generate(uint x0, uint x1, uint x2, uint x3, uint keyA, uint keyB, int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            ulong productA = (ulong)MultiplierA * x0;
            ulong productB = (ulong)MultiplierB * x2;
            (x0, x1, x2, x3) = ((uint)(productB >> 32) ^ x1 ^ keyA, (uint)productB, (uint)(productA >> 32) ^ x3 ^ keyB, (uint)productA);
            keyA += WeylA;
            keyB += WeylB;
        }
        return (x0, x1, x2, x3);
    }

    /// <summary>A standard normal number from 128 random bits (Box–Muller; the first uniform is never 0).</summary>
    internal static double Normal(ulong bitsA, ulong bitsB)
    {
        double u = ((bitsA >> 11) + 1) * (1.0 / (1UL << 53));
        double v = (bitsB >> 11) * (1.0 / (1UL << 53));
        return Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * v);
    }
}

using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Switchyard.Collectives;
using Switchyard.Collectives.AllToAll;

namespace Switchyard.Tests.Collectives;

/// <summary>What one rank does to show what its group delivers: every operation on numbers that no two ranks share, and a hash of all results.</summary>
internal static class RankProgram
{
    /// <summary>The hash of everything this rank got, and what it sent.</summary>
    public static string Run(ProcessGroup group)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Reduce<float>(group, hash, Reduction.Sum, 5);
        Reduce<float>(group, hash, Reduction.Sum, (1 << 20) + 17);
        Reduce<double>(group, hash, Reduction.Sum, 3000);
        Reduce<double>(group, hash, Reduction.Max, 3000);
        Reduce<long>(group, hash, Reduction.Min, 700);

        float[] own = Numbers<float>(group.Rank, 300), all = new float[300 * group.Size];
        group.AllGather<float>(own, all);
        Add(hash, all);
        group.Broadcast<float>(own, group.Size - 1);
        Add(hash, own);

        using ProcessGroup node = group.SplitByNode();
        Reduce<float>(node, hash, Reduction.Sum, 2000);

        if (group.Size > 1 && group.Rank < 2)
        {
            int[] token = Numbers<int>(group.Rank, 50_000);
            if (group.Rank == 0) group.Send<int>(token, 1);
            else group.Receive<int>(token, 0);
            Add(hash, token);
        }

        foreach (AllToAllAlgorithm algorithm in AllToAllAlgorithm.All)
        {
            group.Algorithm = algorithm;
            Exchange(group, hash);
        }

        return Convert.ToHexString(hash.GetHashAndReset()) + $" {group.Topology} {group.Traffic.Between} {group.Traffic.Inside} {group.Traffic.Control}";
    }

    private static void Reduce<T>(ProcessGroup group, IncrementalHash hash, Reduction reduction, int length)
        where T : unmanaged, INumber<T>
    {
        T[] data = Numbers<T>(group.Rank, length);
        group.AllReduce<T>(data, reduction);
        Add(hash, data);
        T[] part = new T[length];
        group.ReduceScatter<T>(Numbers<T>(group.Rank, length * group.Size), part, reduction);
        Add(hash, part);
    }

    private static void Exchange(ProcessGroup group, IncrementalHash hash)
    {
        nint[] sends = [.. Enumerable.Range(0, group.Size).Select(to => (nint)((group.Rank * 7 + to * 5) % 11 * 100))], receives = new nint[group.Size];
        group.AllToAll<nint>(sends, receives);
        double[] rows = Numbers<double>(group.Rank, (int)sends.Sum(static count => (long)count)), received = new double[receives.Sum(static count => (long)count)];
        group.AllToAllV<double>(rows, sends, received, receives);
        Add(hash, received);

        const int Tokens = 500, Width = 16;
        int[] tokenOf = [.. Enumerable.Range(0, group.Size).SelectMany(to => Enumerable.Range(0, Tokens).Where(token => (token + to + group.Rank) % 3 == 0))];
        nint[] perRank = [.. Enumerable.Range(0, group.Size).Select(to => (nint)Enumerable.Range(0, Tokens).Count(token => (token + to + group.Rank) % 3 == 0))];
        TokenExchange exchange = new(group, Tokens, tokenOf, perRank);
        float[] tokens = Numbers<float>(group.Rank, Tokens * Width), there = new float[exchange.Received * Width];
        exchange.Dispatch<float>(tokens, there, Width);
        Add(hash, there);
        exchange.Combine<float>(there, tokens, Width);
        Add(hash, tokens);
    }

    private static T[] Numbers<T>(int rank, int length)
        where T : INumber<T>
        => [.. Enumerable.Range(0, length).Select(i => T.CreateChecked((i * 7919L + rank * 104729L) % 20011) / T.CreateChecked(7))];

    private static void Add<T>(IncrementalHash hash, T[] values)
        where T : unmanaged
        => hash.AppendData(MemoryMarshal.AsBytes<T>(values));
}

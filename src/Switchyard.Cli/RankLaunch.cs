using System.Text;
using Switchyard.Collectives;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli;

/// <summary>Runs a command on several ranks: as threads of this process, or as the processes that mpirun started.</summary>
internal static class RankLaunch
{
    /// <summary>Runs a program once, or once per rank.</summary>
    /// <param name="ranks">How many ranks to run as threads; 1 where nobody asked.</param>
    /// <param name="threads">Threads to compute with on this machine; ranks share them.</param>
    /// <param name="program">What each rank does; null stands for a program that is alone.</param>
    /// <exception cref="ArgumentException">mpirun started ranks, and threads were asked for too.</exception>
    public static void Run(int ranks, int threads, Action<ProcessGroup?> program)
    {
        if (MpiGroup.IsLaunched)
        {
            if (ranks > 1) throw new ArgumentException($"--ranks {ranks} beside mpirun: give one of the two");
            int rank = 0;
            try
            {
                MpiGroup.Run(group =>
                {
                    rank = group.Rank;
                    WorkerPool.Threads = Math.Max(1, threads / group.Topology.RanksOf(group.Topology.NodeOf(rank)).Length);
                    program(group);
                });
            }
            catch (Exception failure) when (rank > 0 && failure is not OperationCanceledException)
            {
                throw new RankFailedException(rank, failure);
            }
            return;
        }
        WorkerPool.Threads = Math.Max(1, threads / ranks);
        if (ranks == 1) program(null);
        else InProcessGroup.Run(ranks, program);
    }

    /// <summary>Gives every rank the text that rank 0 has.</summary>
    public static string Share(this ProcessGroup ranks, string? text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text ?? "");
        int[] length = [bytes.Length];
        ranks.Broadcast<int>(length, 0);
        if (ranks.Rank != 0) bytes = new byte[length[0]];
        ranks.Broadcast<byte>(bytes, 0);
        return Encoding.UTF8.GetString(bytes);
    }
}

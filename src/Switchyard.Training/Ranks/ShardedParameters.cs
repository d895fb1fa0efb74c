using Switchyard.Collectives;
using Switchyard.Experts.Banks;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Training.Ranks;

/// <summary>
/// Which tensors of a model, and of its optimiser, a rank has only a part of: those of experts that are shared out. A part
/// is some rows of the first axis; ranks have theirs in their order.
/// </summary>
public sealed class ShardedParameters
{
    private readonly Dictionary<string, (int First, int Count)> _shards = [];
    private readonly ProcessGroup _ranks;

    /// <summary>Looks for them.</summary>
    /// <param name="model">What this rank has of the model.</param>
    /// <param name="ranks">The ranks.</param>
    public ShardedParameters(Module model, ProcessGroup ranks)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(ranks);
        _ranks = ranks;
        foreach ((string prefix, Module module) in model.Modules())
            if (module is ParallelBank bank)
                foreach ((string name, _) in bank.State()) _shards.Add($"{prefix}.{name}", (bank.First, bank.Count));
    }

    /// <summary>Whether this rank has only a part of a parameter.</summary>
    public bool Contains(string parameter) => _shards.ContainsKey(parameter);

    /// <summary>Which rows of a tensor this rank has; null where it has all.</summary>
    /// <param name="name">The name of a parameter, or of what an optimiser keeps for one: <c>PREFIX.PARAMETER</c>.</param>
    public (int First, int Count)? RowsOf(string name)
        => _shards.TryGetValue(name, out (int First, int Count) shard) || _shards.TryGetValue(name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..], out shard) ? shard : null;

    /// <summary>This rank's part of a whole tensor.</summary>
    /// <param name="name">The name of a parameter, or of what an optimiser keeps for one: <c>PREFIX.PARAMETER</c>.</param>
    /// <param name="whole">The tensor, or null.</param>
    /// <exception cref="SwitchyardException">The tensor has too few rows to have the part.</exception>
    public Tensor? Own(string name, Tensor? whole)
    {
        if (whole is null || RowsOf(name) is not { } shard) return whole;
        if (whole.Rank == 0 || whole.Shape[0] < shard.First + shard.Count) throw new SwitchyardException($"tensor {name} has shape {whole.Shape}, rows {shard.First} to {shard.First + shard.Count - 1} were expected in it", "the file belongs to a model with fewer experts");
        return whole.Slice(0, shard.First, shard.First + shard.Count);
    }

    /// <summary>The whole tensors, gathered from all ranks. Every rank must go through all of them.</summary>
    /// <param name="state">Tensors by name, in the same order on every rank.</param>
    public IEnumerable<(string Name, Tensor Tensor)> Whole(IEnumerable<(string Name, Tensor Tensor)> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Select(entry => RowsOf(entry.Name) is null ? entry : (entry.Name, Gather(entry.Tensor)));
    }

    private Tensor Gather(Tensor part)
    {
        long each = part.Shape[0] == 0 ? 0 : part.Elements / part.Shape[0];
        int[] counts = new int[_ranks.Size];
        _ranks.AllGather<int>((int[])[part.Shape[0]], counts);
        if (each == 0) each = part.Shape.ToArray()[1..].Aggregate(1L, static (product, extent) => product * extent);
        Tensor whole = Tensor.Empty(part.Shape.With(0, counts.Sum()), part.Type);
        int size = part.Type.Size();
        long first = 0;
        for (int rank = 0; rank < counts.Length; rank++)
        {
            long bytes = counts[rank] * each * size;
            // Pieces that a span can hold.
            for (long start = 0; start < bytes; start += PieceBytes)
            {
                Span<byte> piece = whole.AsBytes(first + start, (int)Math.Min(PieceBytes, bytes - start));
                if (rank == _ranks.Rank) part.AsReadOnlyBytes(start, piece.Length).CopyTo(piece);
                _ranks.Broadcast<byte>(piece, rank);
            }
            first += bytes;
        }
        return whole;
    }

    private const int PieceBytes = 1 << 28;
}

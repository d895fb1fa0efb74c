using Switchyard.Tensors;

namespace Switchyard.Ranking.Networks;

/// <summary>One network for all tasks (shared bottom, Caruana 1997), or one for each that share nothing.</summary>
public sealed class Bottoms : RankingNetwork
{
    private readonly Mlp[] _bottoms;
    private readonly int _tasks;

    /// <summary>Makes a network.</summary>
    /// <param name="width">Length of the input.</param>
    /// <param name="widths">The layers of a bottom.</param>
    /// <param name="tasks">How many tasks.</param>
    /// <param name="isShared">Whether there is one for all.</param>
    /// <param name="random">Draws the initial weights.</param>
    public Bottoms(int width, IReadOnlyList<int> widths, int tasks, bool isShared, Philox random)
    {
        _tasks = tasks;
        _bottoms = new Mlp[isShared ? 1 : tasks];
        for (int i = 0; i < _bottoms.Length; i++) _bottoms[i] = AddChild($"bottom{i}", new Mlp(width, widths, random));
    }

    /// <summary>The networks: one, or one per task.</summary>
    public IReadOnlyList<Mlp> All => _bottoms;

    /// <inheritdoc/>
    public override int Width => _bottoms[0].Width;

    /// <inheritdoc/>
    public override NetworkOutput Forward(Tensor x, Philox? random)
    {
        Tensor[] states = Array.ConvertAll(_bottoms, bottom => bottom.Forward(x));
        return new NetworkOutput([.. Enumerable.Range(0, _tasks).Select(task => states[task % states.Length])], []);
    }
}

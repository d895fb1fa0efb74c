using Switchyard.Modules;
using Switchyard.Ranking.Bias;
using Switchyard.Ranking.Data;
using Switchyard.Ranking.Embeddings;
using Switchyard.Ranking.Features;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Networks;

/// <summary>What a scorer makes of a batch.</summary>
/// <param name="Logits">A logit or a value per task [tasks][rows].</param>
/// <param name="Network">What lies below.</param>
public sealed record ScorerOutput(IReadOnlyList<Tensor> Logits, NetworkOutput Network);

/// <summary>
/// All that serves: tables, the network, a tower per task. The place on the page is no input of it, unless the model is
/// the one that takes it for a feature.
/// </summary>
public sealed class Scorer : Module
{
    private readonly EmbeddingTable[] _tables;
    private readonly AttentionPooling?[] _poolings;
    private readonly Tower[] _towers;

    /// <summary>Makes a scorer.</summary>
    /// <param name="layout">How examples are laid out.</param>
    /// <param name="options">The shape of the network.</param>
    /// <param name="position">The position as an input; null for none.</param>
    /// <param name="random">Draws the initial weights.</param>
    /// <param name="withTables">Whether it has the tables; without them it is only to be laid out for serving.</param>
    public Scorer(ExampleLayout layout, NetworkOptions options, PositionInput? position, Philox random, bool withTables = true)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        Layout = layout;
        _tables = !withTables ? [] : [.. layout.SparseFeatures.Select((feature, i) => AddChild($"tables.{i}", new EmbeddingTable(feature.TableRows, feature.TableWidth, random.Split($"table {feature.Name}"))))];
        _poolings = [.. layout.SparseFeatures.Select((feature, i) => feature.IsAttended ? AddChild($"poolings.{i}", new AttentionPooling(feature.TableWidth)) : null)];
        Position = position is null ? null : AddChild("position", position);
        Network = AddChild("network", options.Make(layout.InputWidth + (position?.Width ?? 0), layout.Tasks, random.Split("network")));
        Philox heads = random.Split("towers");
        _towers = [.. Enumerable.Range(0, layout.Tasks).Select(task => AddChild($"towers.{task}", new Tower(Network.Width, options.TowerWidths, heads.Split((ulong)task))))];
    }

    /// <summary>How examples are laid out.</summary>
    public ExampleLayout Layout { get; }

    /// <summary>The tables of the features that have one.</summary>
    public IReadOnlyList<EmbeddingTable> Tables => _tables;

    /// <summary>What pools the bags that are pooled by attention; null for the others.</summary>
    public IReadOnlyList<AttentionPooling?> Poolings => _poolings;

    /// <summary>The position as an input; null for none.</summary>
    public PositionInput? Position { get; }

    /// <summary>What the tasks share.</summary>
    public RankingNetwork Network { get; }

    /// <summary>The tasks' own layers.</summary>
    public IReadOnlyList<Tower> Towers => _towers;

    /// <summary>The name of a table's vectors.</summary>
    internal static string TableName(int sparse) => $"tables.{sparse}.weight";

    /// <summary>Scores examples.</summary>
    /// <param name="batch">The examples.</param>
    /// <param name="random">For dropout while training; null for none.</param>
    public ScorerOutput Forward(ExampleBatch batch, Philox? random)
    {
        ArgumentNullException.ThrowIfNull(batch);
        Tensor x = Input(batch); // [rows, input width]
        if (Position is not null) x = Tensor.Concat([x, Position.Forward(batch, random)], 1);
        NetworkOutput network = Network.Forward(x, random?.Split("gates"));
        return new ScorerOutput([.. _towers.Select((tower, task) => tower.Forward(network.Streams[task]))], network);
    }

    /// <summary>The numbers and the vectors of examples [rows, <see cref="ExampleLayout.InputWidth"/>].</summary>
    internal Tensor Input(ExampleBatch batch)
    {
        List<Tensor> parts = [];
        if (Layout.Dense > 0) parts.Add(batch.Dense());
        for (int i = 0; i < _tables.Length; i++) parts.Add(Vectors(batch, i));
        return parts.Count == 1 ? parts[0] : Tensor.Concat([.. parts], 1);
    }

    private Tensor Vectors(ExampleBatch batch, int sparse)
    {
        Feature feature = Layout.SparseFeatures[sparse];
        List<int> ids = new(batch.Count * feature.Places), rowOf = new(batch.Count * feature.Places), places = [];
        List<float> shares = new(batch.Count * feature.Places);
        for (int row = 0; row < batch.Count; row++)
        {
            ReadOnlySpan<int> own = Layout.IdsOf(batch[row], sparse);
            int count = own.IndexOf(-1) is >= 0 and int end ? end : own.Length;
            float weight = feature.Pooling == Pooling.Mean ? 1f / count : 1;
            for (int place = 0; place < count; place++)
            {
                ids.Add(own[place]);
                rowOf.Add(row);
                places.Add(row * feature.Places + place);
                shares.Add(weight);
            }
        }
        Tensor vectors = _tables[sparse].Forward([.. ids]); // [names, width]
        if (feature.Places == 1) return vectors;
        Tensor weights = _poolings[sparse]?.Weights(vectors, Tensor.From(places.ToArray(), [places.Count]), batch.Count, feature.Places) ?? Tensor.From(shares.ToArray(), [shares.Count]); // [names]
        return Tensor.ScatterAddRows(vectors, Tensor.From(rowOf.ToArray(), [rowOf.Count]), batch.Count, weights); // [rows, width]
    }
}

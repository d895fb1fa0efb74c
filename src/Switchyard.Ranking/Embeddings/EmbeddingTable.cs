using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Embeddings;

/// <summary>
/// A table of vectors of which a batch touches few: buffer <c>weight</c> [rows, width]. Gradients are those of the touched rows
/// alone, each once however often its id occurs, so a step costs what the batch costs, not what the table does.
/// </summary>
public sealed class EmbeddingTable : Module
{
    private const double Deviation = 0.05;

    /// <summary>Makes a table of random vectors.</summary>
    /// <param name="rows">How many rows.</param>
    /// <param name="width">Length of a vector.</param>
    /// <param name="random">Draws them, normal with deviation 0.05.</param>
    public EmbeddingTable(int rows, int width, Philox random) => Weight = AddBuffer("weight", Tensor.Normal([rows, width], 0, Deviation, random));

    /// <summary>The vectors [rows, width].</summary>
    public Tensor Weight { get; }

    /// <summary>The rows that the step under way has touched, and their vectors, which carry the gradient [touched, width]; null before a batch.</summary>
    public (int[] Ids, Tensor Rows)? Touched { get; private set; }

    /// <summary>The vectors of ids [n] as [n, width].</summary>
    /// <exception cref="InvalidOperationException">The table was read before in this step: one micro-batch makes a step.</exception>
    public Tensor Forward(int[] ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (!IsTraining || !Gradients.AreRecorded) return Tensor.GatherRows(Weight, Tensor.From(ids, [ids.Length]));
        if (Touched is not null) throw new InvalidOperationException("a table was read twice in one step: let one micro-batch make a step");
        (int[] unique, int[] places) = Distinct(ids);
        Tensor rows = Tensor.GatherRows(Weight, Tensor.From(unique, [unique.Length])).Release(); // [touched, width]
        rows.RequiresGradient = true;
        Touched = (unique, rows);
        return Tensor.GatherRows(rows, Tensor.From(places, [places.Length]));
    }

    /// <summary>Forgets which rows were touched, when the step is done.</summary>
    public void Forget()
    {
        if (Touched is not { } touched) return;
        touched.Rows.ClearGradient();
        touched.Rows.Dispose();
        Touched = null;
    }

    /// <summary>The different ids in the order of their first place, and the place of each id among them.</summary>
    internal static (int[] Unique, int[] Places) Distinct(ReadOnlySpan<int> ids)
    {
        Dictionary<int, int> placeOf = [];
        int[] places = new int[ids.Length];
        for (int i = 0; i < places.Length; i++)
        {
            if (!placeOf.TryGetValue(ids[i], out int place)) placeOf[ids[i]] = place = placeOf.Count;
            places[i] = place;
        }
        return ([.. placeOf.Keys], places);
    }
}

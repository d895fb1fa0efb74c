using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Embeddings;

/// <summary>
/// Pools the vectors of a bag by attention to a learnt query: Σ softmax(v·q)_i·v_i over the names of each bag (Yang et al., "Hierarchical
/// attention networks", NAACL 2016, equations 6 and 7, without the hidden layer). Parameter <c>query</c> [width] starts at 0, where
/// the result is the mean.
/// </summary>
public sealed class AttentionPooling : Module
{
    /// <summary>Makes a pooling that starts as the mean.</summary>
    /// <param name="width">Length of a vector.</param>
    public AttentionPooling(int width) => Query = AddParameter("query", Tensor.Zeros([width]));

    /// <summary>The query [width].</summary>
    public Tensor Query { get; }

    /// <summary>How much each name counts in its bag.</summary>
    /// <param name="vectors">The vectors of all names [names, width].</param>
    /// <param name="places">Where each name stands, bag · most + place in the bag, each once, Int32 [names]; no bag is empty.</param>
    /// <param name="bags">How many bags.</param>
    /// <param name="most">The most names of a bag.</param>
    /// <returns>[names]; the weights of a bag sum to one.</returns>
    public Tensor Weights(Tensor vectors, Tensor places, int bags, int most)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentNullException.ThrowIfNull(places);
        Tensor logits = Tensor.Linear(vectors, Query.Reshape([1, Query.Shape[0]])); // [names, 1]
        Tensor spread = Tensor.ScatterAddRows(logits, places, bags * most).Reshape([bags, most]);
        return spread.MaskedFill(Empty(places, bags, most, vectors.Type), double.NegativeInfinity).Softmax().Reshape([bags * most]).IndexSelect(0, places); // [names]
    }

    /// <summary>1 where no name stands [bags, most].</summary>
    private static Tensor Empty(Tensor places, int bags, int most, ElementType type)
    {
        float[] empty = new float[bags * most];
        Array.Fill(empty, 1);
        foreach (int place in places.AsReadOnlySpan<int>()) empty[place] = 0;
        return Tensor.From(empty, [bags, most]).To(type);
    }
}

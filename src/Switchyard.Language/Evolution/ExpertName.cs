namespace Switchyard.Language.Evolution;

/// <summary>
/// The name of a weight of all experts of a layer, such as <c>model.layers.1.mlp.experts.up_proj</c>. In a dense model the
/// block in their place has it as <c>model.layers.1.mlp.up_proj.weight</c>.
/// </summary>
/// <param name="Layer">What comes before, the layer's name.</param>
/// <param name="Matrix">What comes after, the matrix's.</param>
internal readonly record struct ExpertName(string Layer, string Matrix)
{
    private const string Between = ".experts.";

    /// <summary>The name in a dense model.</summary>
    public string OfBlock => $"{Layer}.{Matrix}.weight";

    /// <summary>Takes a name apart; null where it is none of this kind.</summary>
    public static ExpertName? Parse(string name)
    {
        int at = name.IndexOf(Between, StringComparison.Ordinal);
        return at < 0 ? null : new(name[..at], name[(at + Between.Length)..]);
    }
}

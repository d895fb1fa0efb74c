using System.Text.Json.Serialization;
using Switchyard.Tensors;

namespace Switchyard.Language.Transformer;

/// <summary>The dimensions of a bidirectional encoder, which guesses masked tokens: a decoder's, every place sees every other.</summary>
public sealed record EncoderOptions : TransformerOptions
{
    /// <summary>The name of the architecture.</summary>
    public const string Name = "encoder";

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Architecture => Name;

    /// <inheritdoc/>
    public override EncoderModel Make(Philox random) => new(this, random);
}

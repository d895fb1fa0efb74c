using System.Text.Json.Serialization;
using Switchyard.Tensors;

namespace Switchyard.Language.Transformer;

/// <summary>
/// The dimensions of a decoder-only language model. With experts in every layer and no shared expert it is, name by
/// name and number by number, Hugging Face's <c>OlmoeForCausalLM</c>; without experts and q/k norm, its
/// <c>LlamaForCausalLM</c>.
/// </summary>
public sealed record DecoderOptions : TransformerOptions
{
    /// <summary>The name of the architecture.</summary>
    public const string Name = "decoder";

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Architecture => Name;

    /// <inheritdoc/>
    public override DecoderModel Make(Philox random) => new(this, random);
}

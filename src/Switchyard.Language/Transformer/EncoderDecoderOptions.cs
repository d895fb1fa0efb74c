using System.Text.Json.Serialization;
using Switchyard.Tensors;

namespace Switchyard.Language.Transformer;

/// <summary>The dimensions of an encoder and a decoder that looks at what the encoder made of a source: a translator.</summary>
public sealed record EncoderDecoderOptions : TransformerOptions
{
    /// <summary>The name of the architecture.</summary>
    public const string Name = "encoder-decoder";

    /// <summary>One vocabulary serves both languages: one table for source, target and output layer.</summary>
    public EncoderDecoderOptions() => TieEmbeddings = true;

    /// <summary>Blocks of the decoder; null for as many as the encoder has.</summary>
    public int? DecoderLayers { get; init; }

    /// <summary>Every n-th layer of the decoder is a mixture layer, 0 for none; null for the encoder's n.</summary>
    public int? DecoderMixtureEvery { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Architecture => Name;

    /// <inheritdoc/>
    /// <remarks>The decoder's layers are numbered on after the encoder's.</remarks>
    [JsonIgnore]
    public override IReadOnlyList<int> MixtureLayers =>
        [.. base.MixtureLayers, .. Enumerable.Range(0, ActualDecoderLayers).Where(IsDecoderMixture).Select(layer => Layers + layer)];

    internal int ActualDecoderLayers => DecoderLayers ?? Layers;

    private int ActualDecoderMixtureEvery => DecoderMixtureEvery ?? MixtureEvery;

    /// <summary>Whether a layer of the decoder, counted from 0, is a mixture layer.</summary>
    public bool IsDecoderMixture(int layer) => HasExperts && ActualDecoderMixtureEvery > 0 && (layer + 1) % ActualDecoderMixtureEvery == 0;

    /// <inheritdoc/>
    public override EncoderDecoderModel Make(Philox random) => new(this, random);

    /// <inheritdoc/>
    public override void Check()
    {
        base.Check();
        RequirePositive(ActualDecoderLayers, "the number of decoder layers");
        if (ActualDecoderMixtureEvery < 0) throw new ArgumentException($"the distance of the decoder's mixture layers is {ActualDecoderMixtureEvery}: give 0 for none, or more");
    }

    private protected override string DescribeLayers() => $"{Layers} + {ActualDecoderLayers}";

    private protected override string DescribeMixtureLayers() => (MixtureEvery, ActualDecoderMixtureEvery) switch
    {
        (1, 1) => "",
        (var encoder, 0) => $" in one encoder layer of {encoder}",
        var (encoder, decoder) => $" in one encoder layer of {encoder} and one decoder layer of {decoder}",
    };
}

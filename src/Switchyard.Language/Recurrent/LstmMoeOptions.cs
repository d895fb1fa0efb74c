using System.Text.Json.Serialization;
using Switchyard.Experts.Gates;
using Switchyard.Tensors;

namespace Switchyard.Language.Recurrent;

/// <summary>The dimensions of the language model of 2017: LSTM, mixture, LSTM (arXiv 1701.06538, §5.1 and appendix C).</summary>
public sealed record LstmMoeOptions : LanguageModelOptions
{
    /// <summary>The name of the architecture.</summary>
    public const string Name = "lstm-moe";

    /// <summary>The paper's sizes, at a quarter of the scale: four experts of a token, by its noisy gate, each with twice the width inside.</summary>
    public LstmMoeOptions()
    {
        (Width, Hidden, Experts, Context, Dropout) = (128, 256, 16, 64, 0.1);
        Routing = new NoisyTopKOptions { TopK = 4 };
    }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Architecture => Name;

    /// <inheritdoc/>
    [JsonIgnore]
    public override IReadOnlyList<int> MixtureLayers => HasExperts ? [1] : [];

    /// <inheritdoc/>
    public override LstmMoe Make(Philox random) => new(this, random);

    /// <inheritdoc/>
    public override string Describe() => $"LSTM, mixture, LSTM of width {Width}; {DescribeExperts()}; vocabulary {Vocabulary}, context {Context}";
}

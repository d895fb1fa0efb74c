using System.Text.Json.Serialization;

namespace Switchyard.Language.Transformer;

/// <summary>The dimensions that every transformer here has, whatever it reads and writes.</summary>
public abstract record TransformerOptions : LanguageModelOptions
{
    /// <summary>Transformer blocks; of an encoder and a decoder together, those of the encoder.</summary>
    public int Layers { get; init; } = 4;

    /// <summary>Query heads of attention.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Key/value heads; null for one per query head.</summary>
    public int? KeyValueHeads { get; init; }

    /// <summary>Length of one head's query; null for width / heads.</summary>
    public int? HeadWidth { get; init; }

    /// <summary>Every n-th layer is a mixture layer (layer i, from 0, where (i + 1) mod n = 0); the others are dense.</summary>
    public int MixtureEvery { get; init; } = 1;

    /// <summary>Inner width of the dense layers between mixture layers; null for the experts of a token · hidden, the same active size.</summary>
    public int? DenseHidden { get; init; }

    /// <summary>Inner width of an expert that sees every token; 0 for none.</summary>
    public int SharedHidden { get; init; }

    /// <summary>Whether that expert is weighed, token by token, by a sigmoid that is learnt.</summary>
    public bool SharedMix { get; init; }

    /// <summary>Whether queries and keys are normalised (as in OLMoE).</summary>
    public bool QueryKeyNorm { get; init; } = true;

    /// <summary>Queries, keys and values are cut to ± this; null for not.</summary>
    public double? ClipQkv { get; init; }

    /// <summary>Base of the rotary positions.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>Epsilon of every RMS norm.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Whether the output layer is the embedding again.</summary>
    public bool TieEmbeddings { get; init; }

    /// <summary>Standard deviation of the initial weights; null for 1/√width, but at least 0.02.</summary>
    public double? InitialDeviation { get; init; }

    /// <summary>Whether a layer, counted from 0, is a mixture layer.</summary>
    public bool IsMixture(int layer) => HasExperts && (layer + 1) % MixtureEvery == 0;

    /// <inheritdoc/>
    [JsonIgnore]
    public override IReadOnlyList<int> MixtureLayers => [.. Enumerable.Range(0, Layers).Where(IsMixture)];

    internal int ActualKeyValueHeads => KeyValueHeads ?? Heads;

    internal int ActualHeadWidth => HeadWidth ?? Width / Heads;

    internal int ActualDenseHidden => DenseHidden ?? (HasExperts ? (int)Math.Round(Routing.ExpertsPerToken(Experts) * Hidden) : Hidden);

    internal double ActualDeviation => InitialDeviation ?? Math.Max(0.02, 1 / Math.Sqrt(Width));

    /// <inheritdoc/>
    public override string Describe()
    {
        string heads = KeyValueHeads is { } keyValueHeads && keyValueHeads != Heads ? $"{Heads} heads over {keyValueHeads}" : $"{Heads} heads";
        string width = HeadWidth is { } headWidth ? $"{heads} of {headWidth}" : heads;
        string experts = DescribeExperts(DescribeMixtureLayers(), SharedHidden == 0 ? "" : $" beside a shared one of {SharedHidden}");
        return $"{Architecture} of {DescribeLayers()} layers, width {Width}, {width}; {experts}; vocabulary {Vocabulary}, context {Context}";
    }

    /// <summary>How many blocks there are, in words.</summary>
    private protected virtual string DescribeLayers() => $"{Layers}";

    /// <summary>Which of them have experts, in words; empty for all.</summary>
    private protected virtual string DescribeMixtureLayers() => MixtureEvery == 1 ? "" : $" in one layer of {MixtureEvery}";

    /// <inheritdoc/>
    public override void Check()
    {
        base.Check();
        RequirePositive(Layers, "the number of layers");
        RequirePositive(Heads, "the number of heads");
        RequirePositive(MixtureEvery, "the distance of mixture layers");
        if (HeadWidth is null && Width % Heads != 0) throw new ArgumentException($"{Heads} heads do not divide width {Width}: give a width that is a multiple of the heads");
        if (ActualHeadWidth % 2 != 0) throw new ArgumentException($"a head width of {ActualHeadWidth} cannot be rotated in pairs: give an even one");
        if (ActualKeyValueHeads < 1 || Heads % ActualKeyValueHeads != 0) throw new ArgumentException($"{ActualKeyValueHeads} key/value heads do not divide {Heads} heads");
        if (HasExperts && MixtureEvery > Layers) throw new ArgumentException($"one layer of {MixtureEvery} has experts, and there are {Layers}: give at most {Layers}, or 0 experts for a dense model");
        if (SharedHidden < 0) throw new ArgumentException($"the hidden width of the shared expert is {SharedHidden}: give 0 for none, or more");
        if (!(NormEpsilon >= 0)) throw new ArgumentException($"the epsilon of the norms is {NormEpsilon}: give 0 or more");
        if (ClipQkv is { } clip && !(clip > 0)) throw new ArgumentException($"queries, keys and values are cut to {clip}: give more than 0, or null for not");
    }
}

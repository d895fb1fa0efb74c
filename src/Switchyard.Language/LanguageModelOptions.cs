using System.Globalization;
using System.Text.Json.Serialization;
using Switchyard.Experts.Gates;
using Switchyard.Language.Recurrent;
using Switchyard.Language.Transformer;
using Switchyard.Tensors;

namespace Switchyard.Language;

/// <summary>The dimensions of a language model: those that every architecture has, and in a derived record its own.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "architecture")]
[JsonDerivedType(typeof(DecoderOptions), DecoderOptions.Name)]
[JsonDerivedType(typeof(LstmMoeOptions), LstmMoeOptions.Name)]
[JsonDerivedType(typeof(EncoderOptions), EncoderOptions.Name)]
[JsonDerivedType(typeof(EncoderDecoderOptions), EncoderDecoderOptions.Name)]
public abstract record LanguageModelOptions
{
    /// <summary>The architectures by name, each with its defaults.</summary>
    public static IReadOnlyDictionary<string, LanguageModelOptions> Architectures { get; } = new Dictionary<string, LanguageModelOptions>
    {
        [DecoderOptions.Name] = new DecoderOptions(),
        [LstmMoeOptions.Name] = new LstmMoeOptions(),
        [EncoderOptions.Name] = new EncoderOptions(),
        [EncoderDecoderOptions.Name] = new EncoderDecoderOptions(),
    };

    /// <summary>How many different tokens there are.</summary>
    public int Vocabulary { get; init; } = 256;

    /// <summary>The most tokens in one window.</summary>
    public int Context { get; init; } = 256;

    /// <summary>Length of a hidden vector.</summary>
    public int Width { get; init; } = 256;

    /// <summary>Inner width of each expert, or of the feed-forward block where there are no experts.</summary>
    public int Hidden { get; init; } = 512;

    /// <summary>Experts per mixture layer; 0 for a dense model.</summary>
    public int Experts { get; init; } = 8;

    /// <summary>Which gate, and its policy.</summary>
    [JsonIgnore]
    public GateOptions Routing { get; init; } = new TopKOptions();

    /// <summary>Whether what the experts computed is computed once more in the backward pass instead of being kept.</summary>
    public bool Recompute { get; init; }

    /// <summary>Share of hidden numbers that are dropped while training, after the embedding and after every block.</summary>
    public double Dropout { get; init; }

    /// <summary>The name of the architecture.</summary>
    [JsonIgnore]
    public abstract string Architecture { get; }

    /// <summary>The name of the gate, one of <see cref="GateCatalogue.All"/>.</summary>
    public string Gate => GateCatalogue.NameOf(Routing);

    /// <summary>Whether there are experts at all.</summary>
    public bool HasExperts => Experts > 0;

    /// <summary>Which layers are mixture layers, counted from 0.</summary>
    [JsonIgnore]
    public abstract IReadOnlyList<int> MixtureLayers { get; }

    /// <summary>Makes a model with random weights.</summary>
    /// <exception cref="ArgumentException">The dimensions do not fit together.</exception>
    public abstract LanguageModel Make(Philox random);

    /// <summary>The model in one line that differs wherever the shapes or the routing of two models differ.</summary>
    public abstract string Describe();

    /// <summary>Checks that the dimensions fit together.</summary>
    /// <exception cref="ArgumentException">They do not; the message says which.</exception>
    public virtual void Check()
    {
        RequirePositive(Vocabulary, "the vocabulary");
        RequirePositive(Width, "the width");
        RequirePositive(Hidden, "the hidden width");
        if (Context < 2) throw new ArgumentException($"the context is {Context}: give 2 or more");
        if (Experts < 0) throw new ArgumentException($"the number of experts is {Experts}: give 0 for a dense model, or more");
        if (HasExperts) Routing.Check(Experts);
        if (Dropout is not (>= 0 and < 1)) throw new ArgumentException($"the dropout is {Dropout}: give a share from 0 to below 1");
    }

    /// <summary>Checks that there is one or more of something.</summary>
    private protected static void RequirePositive(int value, string what)
    {
        if (value < 1) throw new ArgumentException($"{what} is {value}: give 1 or more");
    }

    /// <summary>The gate and the experts in a few words.</summary>
    private protected string DescribeExperts(string layers = "", string shared = "") => HasExperts
        ? string.Create(CultureInfo.InvariantCulture, $"{Gate} {Routing.ExpertsPerToken(Experts):0.##} of {Experts} experts{layers}, inner width {Hidden}{shared}")
        : $"dense, inner width {Hidden}";
}

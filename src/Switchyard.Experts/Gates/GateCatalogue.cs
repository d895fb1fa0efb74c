using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Switchyard.Experts.Gates;

/// <summary>A gate that has a name.</summary>
/// <param name="Name">For example <c>top-k</c>.</param>
/// <param name="Source">Where it is described.</param>
/// <param name="Summary">What it does, in one line.</param>
/// <param name="Defaults">Its knobs as they are unless somebody turns them.</param>
public sealed record NamedGate(string Name, string Source, string Summary, GateOptions Defaults);

/// <summary>The table of all gates: for <c>train --gate</c>, for <c>gates</c>, and for the documentation.</summary>
public static class GateCatalogue
{
    /// <summary>All gates, the general ones first.</summary>
    public static IReadOnlyList<NamedGate> All { get; } =
    [
        new("top-k", "arXiv 1701.06538 §2.1; 2401.04088", "the k experts of the largest scores", new TopKOptions()),
        new("switch", "arXiv 2101.03961 §2", "one expert, weighted by its probability", new SwitchOptions()),
        new("top-2", "arXiv 2006.16668 §3.2", "two experts, the second by chance", new Top2Options()),
        new("group-limited", "arXiv 2405.04434 §2.2.2", "top-k within the best groups of experts", new GroupLimitedOptions()),
        new("sigmoid-bias", "arXiv 2408.15664; 2412.19437 §2.1.2", "sigmoid scores, balanced by a bias instead of a loss", new SigmoidBiasOptions()),
        new("quantile", "Megatron-LM", "top-k of logits less a bias at their quantile", new QuantileOptions()),
        new("cosine", "arXiv 2204.09179 §3; Tutel", "top-k by cosines instead of scalar products", new CosineOptions()),
        new("prototypes", "arXiv 2105.15082 §3.2", "k routers side by side, each with its own experts", new PrototypeOptions()),
        new("sam", "arXiv 2110.07431", "the best group, then the best experts in it", new SamOptions()),
        new("topology", "PPoPP 2022 (FasterMoE) §4.4", "top-2 of which few tokens may leave their node", new TopologyOptions()),
        new("noisy-top-k", "arXiv 1701.06538 §2.1, appendix A", "top-k of noisy logits, importance and load losses", new NoisyTopKOptions()),
        new("hierarchical", "arXiv 1701.06538 appendix B", "noisy top-k of groups, and of the experts in each", new HierarchicalOptions()),
        new("strictly-balanced", "arXiv 1701.06538 appendix F", "experts take equal shares; thresholds in evaluation", new StrictlyBalancedOptions()),
        new("expert-choice", "arXiv 2202.09368 §3.1", "each expert takes the tokens that like it best", new ExpertChoiceOptions()),
        new("expert-threshold", "arXiv 2603.11535", "each expert takes what exceeds its threshold", new ExpertThresholdOptions()),
        new("base", "arXiv 2103.16716 §3", "the best balanced assignment; greedy in evaluation", new BaseOptions()),
        new("sinkhorn", "arXiv 2202.01169 §3.2; Megatron-LM", "choice by a matrix of equal row and column sums", new SinkhornOptions()),
        new("hash", "arXiv 2106.04426", "a table from token ids to experts, never learnt", new HashOptions()),
        new("stable", "arXiv 2204.08396 §3", "learnt at first, then frozen as a table of ids", new StableOptions()),
        new("dense-to-sparse", "arXiv 2112.14397 §3.3", "all experts at first, ever fewer as a temperature falls", new DenseToSparseOptions()),
        new("soft-moe", "arXiv 2308.00951 §2.1", "slots hold mixtures of tokens; nothing is chosen", new SoftMoeOptions()),
    ];

    /// <summary>The gate of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static NamedGate Find(string name)
        => All.FirstOrDefault(gate => gate.Name == name) ?? throw new ArgumentException($"there is no gate '{name}': choose {string.Join(", ", All.Select(static gate => gate.Name))}");

    /// <summary>The name of a policy's gate.</summary>
    public static string NameOf(GateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return All.First(gate => gate.Defaults.GetType() == options.GetType()).Name;
    }

    /// <summary>A policy's knobs and their values, under names such as <c>top_k</c>.</summary>
    public static JsonObject Write(GateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return JsonSerializer.SerializeToNode(options, GateJson.Default.GetTypeInfo(options.GetType())!)!.AsObject();
    }

    /// <summary>The policy of a gate from its knobs; one that is not named keeps its default.</summary>
    /// <exception cref="ArgumentException">There is no such gate.</exception>
    /// <exception cref="JsonException">There is no such knob, or a value has the wrong type.</exception>
    public static GateOptions Read(string name, JsonObject knobs)
    {
        ArgumentNullException.ThrowIfNull(knobs);
        GateOptions defaults = Find(name).Defaults;
        // A key that is missing would leave a property at zero, not at its default.
        JsonObject merged = Write(defaults);
        foreach ((string knob, JsonNode? value) in knobs) merged[knob] = value?.DeepClone();
        return (GateOptions)merged.Deserialize(GateJson.Default.GetTypeInfo(defaults.GetType())!)!;
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(TopKOptions))]
[JsonSerializable(typeof(SwitchOptions))]
[JsonSerializable(typeof(Top2Options))]
[JsonSerializable(typeof(GroupLimitedOptions))]
[JsonSerializable(typeof(SigmoidBiasOptions))]
[JsonSerializable(typeof(QuantileOptions))]
[JsonSerializable(typeof(CosineOptions))]
[JsonSerializable(typeof(PrototypeOptions))]
[JsonSerializable(typeof(SamOptions))]
[JsonSerializable(typeof(TopologyOptions))]
[JsonSerializable(typeof(NoisyTopKOptions))]
[JsonSerializable(typeof(HierarchicalOptions))]
[JsonSerializable(typeof(StrictlyBalancedOptions))]
[JsonSerializable(typeof(ExpertChoiceOptions))]
[JsonSerializable(typeof(ExpertThresholdOptions))]
[JsonSerializable(typeof(BaseOptions))]
[JsonSerializable(typeof(SinkhornOptions))]
[JsonSerializable(typeof(HashOptions))]
[JsonSerializable(typeof(StableOptions))]
[JsonSerializable(typeof(DenseToSparseOptions))]
[JsonSerializable(typeof(SoftMoeOptions))]
internal sealed partial class GateJson : JsonSerializerContext;

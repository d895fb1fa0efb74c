using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>Top-k within the best groups of experts.</summary>
public record GroupLimitedOptions : TopKOptions
{
    /// <summary>How many equal groups of neighbours the experts make; 1 for no limit.</summary>
    public int Groups { get; init; } = 4;

    /// <summary>How many groups a token may use.</summary>
    public int GroupsKept { get; init; } = 2;

    /// <summary>How many of a group's best scores are added up to judge it: 1 in DeepSeek-V2, 2 in V3, k over the groups kept in Megatron-LM.</summary>
    public int GroupScoreTop { get; init; } = 2;

    internal ExpertGroups ExpertGroups => new(Groups, GroupsKept, GroupScoreTop);

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new GroupLimitedGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (Groups != 1) ExpertGroups.Check(experts, TopK);
    }
}

/// <summary>
/// Experts stand in groups, such as those of one node; a token uses its best few groups, and its top k in them. It caps
/// how many nodes a token visits (DeepSeek-V2, arXiv 2405.04434, §2.2.2; V3, arXiv 2412.19437, §2.1.2).
/// </summary>
public class GroupLimitedGate : TopKGate
{
    private readonly ExpertGroups _groups;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public GroupLimitedGate(int width, int experts, GroupLimitedOptions options, Philox random, double deviation = 0.02)
        : base(width, experts, options, random, deviation)
        => _groups = options.ExpertGroups;

    /// <summary>The groups that tokens use, by router logits [tokens, experts], in rising order, Int32 [tokens, groups kept].</summary>
    public Tensor BestGroups(Tensor logits)
    {
        ArgumentNullException.ThrowIfNull(logits);
        using Gradients.Pause pause = Gradients.Paused();
        return _groups.Best(Preference(Options.Score.Of(logits)));
    }

    /// <summary>What groups and experts are chosen by.</summary>
    /// <param name="scores">[tokens, experts]</param>
    private protected virtual Tensor Preference(Tensor scores) => scores;

    private protected sealed override Choices Select(Tensor logits, Tensor scores, in RoutingContext context)
    {
        using Gradients.Pause pause = Gradients.Paused();
        Tensor preference = Preference(scores);
        return Choices.Top(_groups.Groups == 1 ? preference : _groups.Limit(preference), Options.TopK);
    }
}

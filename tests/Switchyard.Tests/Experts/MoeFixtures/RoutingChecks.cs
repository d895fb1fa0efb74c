using Switchyard.Experts;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.MoeFixtures;

/// <summary>What every case of a token-choice gate stores about the list of pairs.</summary>
internal static class RoutingChecks
{
    /// <summary>Compares choices, slots, weights, counts, losses and statistics.</summary>
    /// <param name="c">The case.</param>
    /// <param name="routing">What the gate decided.</param>
    /// <param name="dropless">What it decides without a capacity, for the slots of dropped pairs; null where those are -1.</param>
    public static void Check(MoeCase c, Routing routing, Routing? dropless)
    {
        int[] choices = routing.Choices!.ToArray<int>(), pairs = routing.Pairs!.ToArray<int>(), offsets = routing.Offsets.ToArray<int>();
        int count = routing.Choices!.Shape[1];
        bool all = c.Text("drop", "overflow") == "overflow" && dropless is not null;
        double[] weights = MoeCase.Numbers(routing.Weights), weightOf = new double[choices.Length];
        int[] kept = new int[choices.Length];
        for (int i = 0; i < pairs.Length; i++) (kept[pairs[i]], weightOf[pairs[i]]) = (1, weights[i]);
        c.Check("output.expert", choices.Select(static expert => Math.Max(expert, -1)));
        c.Check("output.slot", Slots(all ? dropless! : routing, c.Whole("groups_of_tokens", 1)));
        c.Check("output.kept", kept);
        c.Check("output.weight", Tensor.From(weightOf, [choices.Length]));
        c.Check("output.counts", routing.Statistics.Load.Select(static load => (int)load));
        c.Check("output.kept_counts", offsets.Skip(1).Zip(offsets, static (end, start) => end - start));
        c.Check("output.routing.token", routing.TokenOf);
        c.Check("output.routing.choice", pairs.Select(pair => pair % count));
        c.Check("output.routing.offsets", offsets);
        c.Check("output.routing.weight", routing.Weights);
        foreach (RoutingLoss loss in routing.Losses) c.CheckScalar($"losses.{loss.Name}", loss.Value.ToDouble());
        c.CheckScalar("dropped", routing.Statistics.Dropped);
        c.CheckScalar("statistics.mean_entropy", routing.Statistics.TokenEntropy);
        c.CheckScalar("statistics.load_entropy", routing.Statistics.LoadEntropy);
        c.CheckScalar("statistics.load_max_over_mean", routing.Statistics.MaxOverMean);
        c.PassOver("scalars.capacity"); // an input
    }

    /// <summary>Σ weight·upstream[token, expert] over the kept pairs.</summary>
    public static Tensor Combined(Routing routing, Tensor upstream)
    {
        int[] offsets = routing.Offsets.ToArray<int>(), tokenOf = routing.TokenOf.ToArray<int>(), place = new int[tokenOf.Length];
        for (int expert = 0; expert < routing.Experts; expert++)
            for (int pair = offsets[expert]; pair < offsets[expert + 1]; pair++) place[pair] = tokenOf[pair] * routing.Experts + expert;
        Tensor flat = upstream.Reshape([(int)upstream.Elements]);
        return (routing.Weights * flat.IndexSelect(0, Tensor.From(place, [place.Length]))).Sum();
    }

    /// <summary>The slot of every choice within its expert, and within its run of tokens; -1 for none.</summary>
    public static int[] Slots(Routing routing, int sequences)
    {
        int[] slots = new int[routing.Choices!.Elements], pairs = routing.Pairs!.ToArray<int>(), offsets = routing.Offsets.ToArray<int>(), tokenOf = routing.TokenOf.ToArray<int>();
        Array.Fill(slots, -1);
        int length = Math.Max(1, routing.Tokens / sequences);
        for (int expert = 0; expert < routing.Experts; expert++)
        {
            int[] next = new int[sequences];
            for (int pair = offsets[expert]; pair < offsets[expert + 1]; pair++) slots[pairs[pair]] = next[tokenOf[pair] / length]++;
        }
        return slots;
    }
}

using FsCheck;
using FsCheck.Fluent;
using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.Dispatch;

public sealed class SlotAssignmentTests
{
    [Fact]
    public void SlotsGoByChoiceThenByToken()
    {
        // Two tokens whose first choice is expert 1 and second expert 0, and the reverse: no slot is given twice.
        int[] expertOf = [1, 0, 1, 0, 0, 1];
        (int[] offsets, int[] pairs, long[] load) = Assign(expertOf, tokens: 3, topK: 2, experts: 2, SlotOrder.ChoiceThenToken, null, []);
        Assert.Equal([0, 3, 6], offsets);
        Assert.Equal([4, 1, 3, 0, 2, 5], pairs); // token·2 + choice
        Assert.Equal([3L, 3L], load);
    }

    [Fact]
    public void SlotsGoByTokenThenByChoice()
    {
        (_, int[] pairs, _) = Assign([1, 0, 1, 0, 0, 1], 3, 2, 2, SlotOrder.TokenThenChoice, null, []);
        Assert.Equal([1, 3, 4, 0, 2, 5], pairs);
    }

    [Fact]
    public void PriorityAsksFirstWithTheLargestAndTiesGoToTheLowerToken()
    {
        (_, int[] pairs, _) = Assign([0, 0, 0, 0], 4, 1, 1, SlotOrder.ChoiceThenPriority, null, [], [0.1f, 0.7f, 0.7f, 0.9f]);
        Assert.Equal([3, 1, 2, 0], pairs);
    }

    [Fact]
    public void OverflowDropsTheLastInOrder()
    {
        (int[] offsets, int[] pairs, long[] load) = Assign([0, 0, 0, 1], 4, 1, 2, SlotOrder.ChoiceThenToken, 2, []);
        Assert.Equal([0, 2, 3], offsets);
        Assert.Equal([0, 1, 3], pairs);
        Assert.Equal([3L, 1L], load); // the load counts what was chosen, dropped or not
    }

    [Fact]
    public void DroppingByRankKeepsTheHighestInTheirOrder()
    {
        (_, int[] pairs, _) = Assign([0, 0, 0, 0], 4, 1, 1, SlotOrder.ChoiceThenToken, 2, [0.2f, 0.9f, 0.1f, 0.9f]);
        Assert.Equal([1, 3], pairs);
        (_, int[] tied, _) = Assign([0, 0, 0], 3, 1, 1, SlotOrder.ChoiceThenToken, 2, [0.5f, 0.5f, 0.5f]);
        Assert.Equal([0, 1], tied);
    }

    [Fact]
    public void NobodyIsForgottenAndNoCapacityIsExceeded() => Prop.ForAll(
        Gen.Choose(0, 40).SelectMany(tokens => Gen.Choose(1, 4).SelectMany(topK => Gen.Choose(topK, 9).SelectMany(experts => Gen.Choose(1, 12).SelectMany(
            capacity => Gen.ArrayOf(Gen.Choose(-1, experts - 1), tokens * topK).Select(expertOf => (tokens, topK, experts, capacity, expertOf)))))).ToArbitrary(),
        data =>
        {
            (int tokens, int topK, int experts, int capacity, int[] expertOf) = data;
            foreach (SlotOrder order in Enum.GetValues<SlotOrder>())
            {
                float[] priority = new float[tokens];
                (int[] offsets, int[] pairs, long[] load) = Assign(expertOf, tokens, topK, experts, order, null, [], priority);
                Assert.Equal(expertOf.Select((expert, choice) => (expert, choice)).Where(pair => pair.expert >= 0).Select(pair => pair.choice).Order(), pairs.Order());
                (int[] cut, int[] kept, _) = Assign(expertOf, tokens, topK, experts, order, capacity, [], priority);
                for (int expert = 0; expert < experts; expert++)
                {
                    Assert.Equal(load[expert], expertOf.Count(chosen => chosen == expert));
                    int[] all = pairs[offsets[expert]..offsets[expert + 1]];
                    Assert.All(all, choice => Assert.Equal(expert, expertOf[choice]));
                    Assert.Equal(all.Take(capacity), kept[cut[expert]..cut[expert + 1]]);
                }
            }
        }).QuickCheckThrowOnFailure();

    private static (int[] Offsets, int[] Pairs, long[] Load) Assign(
        int[] expertOf, int tokens, int topK, int experts, SlotOrder order, int? capacity, float[] rank, float[]? priority = null)
    {
        using TensorScope scope = new();
        Slots slots = SlotAssignment.Assign(new Choices(Tensor.From(expertOf, [tokens, topK])), experts, order, priority, 1, capacity is { } slotsEach ? [slotsEach] : [], rank);
        return (slots.Offsets.ToArray<int>(), slots.Pairs.ToArray<int>(), slots.Load);
    }
}

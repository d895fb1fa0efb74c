using Switchyard.Collectives;

namespace Switchyard.Tests.Collectives;

/// <summary>Every operation against a plain loop over what all ranks gave, for sizes around powers of two and lengths around the passes of a reduction.</summary>
public sealed class CollectiveTests
{
    public static TheoryData<int, int> SizesAndLengths
    {
        get
        {
            TheoryData<int, int> data = [];
            foreach (int size in (int[])[1, 2, 3, 4, 5, 7, 8])
                foreach (int length in (int[])[0, 1, 5, 1024, 1025, 3001])
                    data.Add(size, length);
            data.Add(3, (1 << 20) + 7);
            // Small messages are passed on by doubling.
            foreach (int size in (int[])[16, 17, 23]) data.Add(size, 6);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(SizesAndLengths))]
    public void Sums_add_in_the_order_of_the_ranks(int size, int length)
    {
        float[][] values = [.. Enumerable.Range(0, size).Select(rank => Numbers(rank, length))];
        float[] expected = [.. values[0]];
        for (int rank = 1; rank < size; rank++)
            for (int i = 0; i < length; i++) expected[i] += values[rank][i];
        InProcessGroup.Run(size, group =>
        {
            float[] mine = [.. values[group.Rank]];
            group.AllReduce<float>(mine);
            Assert.Equal(expected, mine);
        });
    }

    [Theory]
    [MemberData(nameof(SizesAndLengths))]
    public void A_reduced_part_is_that_part_of_the_reduction(int size, int length)
    {
        InProcessGroup.Run(size, group =>
        {
            float[] all = Numbers(group.Rank, length * size), part = new float[length];
            group.ReduceScatter<float>(all, part);
            group.AllReduce<float>(all);
            Assert.Equal(all[(group.Rank * length)..((group.Rank + 1) * length)], part);
        });
    }

    [Theory]
    [MemberData(nameof(SizesAndLengths))]
    public void Gathered_parts_stand_in_the_order_of_the_ranks(int size, int length)
    {
        float[] expected = [.. Enumerable.Range(0, size).SelectMany(rank => Numbers(rank, length))];
        InProcessGroup.Run(size, group =>
        {
            float[] all = new float[size * length];
            group.AllGather<float>(Numbers(group.Rank, length), all);
            Assert.Equal(expected, all);
        });
    }

    [Theory]
    [InlineData(15, 14)]
    [InlineData(16, 4)]
    [InlineData(19, 5)]
    public void Many_ranks_send_few_small_messages(int size, int messages) => InProcessGroup.Run(size, group =>
    {
        group.AllReduce<long>(new long[3]);
        Assert.Equal(messages, group.Traffic.Inside.Messages);
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(8)]
    public void A_broadcast_brings_what_the_root_has(int size)
    {
        InProcessGroup.Run(size, group =>
        {
            for (int root = 0; root < size; root++)
            {
                float[] data = Numbers(group.Rank, 100);
                group.Broadcast<float>(data, root);
                Assert.Equal(Numbers(root, 100), data);
            }
        });
    }

    [Fact]
    public void Extremes_are_exact_and_keep_what_is_not_a_number() => InProcessGroup.Run(4, group =>
    {
        long[] large = [long.MaxValue - group.Rank, group.Rank];
        group.AllReduce<long>(large, Reduction.Min);
        Assert.Equal([long.MaxValue - 3, 0L], large);
        double[] some = [group.Rank == 2 ? double.NaN : group.Rank, -group.Rank];
        group.AllReduce<double>(some, Reduction.Max);
        Assert.Equal([double.NaN, 0.0], some);
    });

    [Fact]
    public void A_ring_of_sends_and_receives_goes_round() => InProcessGroup.Run(4, group =>
    {
        int[] token = [0];
        if (group.Rank > 0) group.Receive<int>(token, group.Rank - 1);
        token[0] += group.Rank;
        group.Send<int>(token, (group.Rank + 1) % 4);
        if (group.Rank == 0) group.Receive<int>(token, 3);
        if (group.Rank == 0) Assert.Equal(6, token[0]);
    });

    [Fact]
    public void Parts_of_a_group_work_beside_each_other() => InProcessGroup.Run(Topology.Uniform(3, 2), group =>
    {
        using ProcessGroup node = group.SplitByNode(), across = group.Split(group.Topology.LocalOf(group.Rank)), backwards = group.Split(0, -group.Rank);
        Assert.Equal((2, group.Rank % 2, 1), (node.Size, node.Rank, node.Topology.Nodes));
        Assert.Equal((3, group.Rank / 2, 3), (across.Size, across.Rank, across.Topology.Nodes));
        Assert.Equal(5 - group.Rank, backwards.Rank);
        int[] sum = [group.Rank], other = [group.Rank];
        node.AllReduce<int>(sum);
        across.AllReduce<int>(other);
        Assert.Equal(4 * (group.Rank / 2) + 1, sum[0]);
        Assert.Equal(6 + 3 * (group.Rank % 2), other[0]);
    });

    [Fact]
    public void A_call_reuses_its_memory() => InProcessGroup.Run(2, group =>
    {
        float[] values = Numbers(group.Rank, 5000);
        for (int i = 0; i < 3; i++) group.AllReduce<float>(values, Reduction.Max);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) group.AllReduce<float>(values, Reduction.Max);
        long each = (GC.GetAllocatedBytesForCurrentThread() - before) / 100;
        Assert.True(each < 1000, $"{each} bytes for a call");
    });

    [Fact]
    [Trait("Category", "Slow")]
    public void More_than_an_int_can_count()
    {
        LargeCounts.Require();
        InProcessGroup.Run(2, LargeCounts.Broadcast);
    }

    private static float[] Numbers(int rank, int length)
    {
        float[] numbers = new float[length];
        for (int i = 0; i < length; i++) numbers[i] = ((i * 7919 + rank * 104729) % 20011) / 10007f - 1;
        return numbers;
    }
}

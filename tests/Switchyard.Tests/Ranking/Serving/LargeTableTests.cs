using Switchyard.Cli.Benchmarks;
using Switchyard.Ranking.Embeddings;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Serving;
using Switchyard.Tensors;

namespace Switchyard.Tests.Ranking.Serving;

/// <summary>Ten million vectors of 32 numbers: 1.28 GB.</summary>
public sealed class LargeTableTests
{
    private const int Rows = 10_000_000, Width = 32;
    private const long Megabyte = 1 << 20;

    [Fact]
    public void Serving_maps_the_table_and_reads_only_the_rows_it_needs()
    {
        using TemporaryFolder folder = new();
        string run = Path.Combine(folder.Path, "run");
        LargeTable.Write(run, Rows, Width);
        Assert.True(new FileInfo(Path.Combine(run, "model.safetensors")).Length > 4L * Rows * Width);
        RankingRequest request = SampleRequests.Draw(FeatureSchema.Read(Path.Combine(run, FeatureSchema.FileName)), 50, new Philox(1));
        (long allocated, long resident) = (GC.GetAllocatedBytesForCurrentThread(), Environment.WorkingSet);
        using Ranker ranker = Ranker.Load(run);
        RankedCandidate[] top = new RankedCandidate[10];
        Assert.Equal(10, ranker.Rank(request.Query, [.. request.Candidates], top).Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 64 * Megabyte);
        Assert.InRange(Environment.WorkingSet - resident, long.MinValue, 512 * Megabyte);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Training_changes_the_rows_of_a_batch_and_no_others()
    {
        using TensorScope scope = new();
        using EmbeddingTable table = new(Rows, Width, new Philox(1));
        using RowWiseAdagrad optimiser = new([("table", table)]);
        using Tensor before = table.Weight.Clone();
        int[] ids = [.. Enumerable.Range(0, 512).Select(static i => (int)(i * 19_997_159L % Rows)), Rows - 1, 0, 0];
        for (int step = 0; step < 3; step++)
        {
            table.Forward(ids).Square().Sum().Backward();
            // A step holds the rows that it touches, and nothing of the size of the table.
            Assert.Equal(ids.Distinct().Count(), table.Touched!.Value.Rows.Shape[0]);
            optimiser.Step(0.1);
            optimiser.ClearGradients();
        }
        HashSet<int> touched = [.. ids];
        ReadOnlySpan<float> old = before.AsReadOnlySpan<float>(), now = table.Weight.AsReadOnlySpan<float>();
        int changed = 0;
        for (int row = 0; row < Rows; row++)
        {
            if (old.Slice(row * Width, Width).SequenceEqual(now.Slice(row * Width, Width))) continue;
            changed++;
            if (!touched.Contains(row)) Assert.Fail($"row {row} was not touched and has changed");
        }
        Assert.Equal(touched.Count, changed);
    }
}

using System.Text;
using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Runs;
using Switchyard.Training;

namespace Switchyard.Tests.Ranking.Data;

/// <summary>Ratings as MovieLens publishes them: each user's last ones are tested, however early that user came and went.</summary>
public sealed class SplitByTimeTests
{
    private const int Users = 6, Ratings = 10;

    [Fact]
    public void Every_user_has_an_own_past_and_future()
    {
        using TemporaryFolder folder = new();
        string path = Write(folder);
        using RankingData data = RankingData.Load(path, BuiltInSchemas.Find("movielens"), 0.2, 0, cancellation: TestContext.Current.CancellationToken);
        // Of ten ratings of a user the last two are tested, the two before them watched, and six learnt.
        Assert.Equal([Users * 6, Users * 2, Users * 2], [data.Training.Count, data.Validation.Examples.Count, data.Test.Examples.Count]);
        // A rating is its number within the user: see Write.
        Assert.Equal([9, 10], Labels(data.Test.Examples).Distinct().Order());
        Assert.Equal([7, 8], Labels(data.Validation.Examples).Distinct().Order());

        using RankingData together = RankingData.Load(path, BuiltInSchemas.Find("movielens") with { TimeWithin = null }, 0.2, 0, cancellation: TestContext.Current.CancellationToken);
        // Without that, the last users make the test, with all their ratings.
        Assert.Equal(Enumerable.Range(1, Ratings).Select(static i => (float)i), Labels(together.Test.Examples).Distinct().Order());
    }

    [Fact]
    public void Reading_tells_how_far_it_is_and_can_be_ended()
    {
        using TemporaryFolder folder = new();
        string path = Write(folder);
        Recorder seen = new();
        using (RankingData.Load(path, BuiltInSchemas.Find("movielens"), 0.2, 0, seen, TestContext.Current.CancellationToken))
        {
            Assert.Equal(["reading times", "measuring", "encoding"], seen.All.Select(static one => one.Activity).Distinct());
            Assert.All(seen.All.GroupBy(static one => one.Activity), pass => Assert.Equal(new FileInfo(path).Length, pass.Last().Done));
        }
        using CancellationTokenSource ended = new();
        ended.Cancel();
        Assert.Throws<OperationCanceledException>(() => RankingData.Load(path, BuiltInSchemas.Find("movielens"), 0.2, 0, cancellation: ended.Token));
    }

    [Fact]
    public void Times_within_something_need_times()
        => Assert.Contains("no column of times", Assert.Throws<SwitchyardException>(() => FeatureSchema.Parse(Encoding.UTF8.GetBytes("""{"features": [{"name": "x"}], "tasks": [{"name": "y"}], "time_within": "user"}"""), "schema")).Message, StringComparison.Ordinal);

    private static string Write(TemporaryFolder folder)
    {
        string path = Path.Combine(folder.Path, "u.data.tsv");
        File.WriteAllLines(path, Enumerable.Range(0, Users * Ratings).Select(static i => $"{i / Ratings}\t{i * 7 % 13}\t{i % Ratings + 1}\t{1000 * (i / Ratings) + i % Ratings}"));
        return path;
    }

    private static IEnumerable<float> Labels(ExampleSource examples) => examples.Batches(1000).SelectMany(static batch => batch.Labels(1));

    private sealed class Recorder : IProgress<WorkProgress>
    {
        public List<WorkProgress> All { get; } = [];

        public void Report(WorkProgress value) => All.Add(value);
    }
}

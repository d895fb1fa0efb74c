using Switchyard.Ranking.Metrics;

namespace Switchyard.Tests.Ranking.Metrics;

public sealed class ListRegretTests
{
    [Theory]
    [InlineData(new double[] { 0, 1, 0 }, new double[] { 1, 2, 3 }, 1)]
    [InlineData(new double[] { 0, 1, 0 }, new double[] { 1, 3, 2 }, 0)]
    [InlineData(new double[] { 3, 1, 2 }, new double[] { 1, 1, 5 }, 1)]
    [InlineData(new double[] { 3, 1, 2 }, new double[] { 5, 5, 5 }, 0)] // of equals the first
    [InlineData(new double[] { 0, 0 }, new double[] { 1, 2 }, double.NaN)]
    public void It_is_what_the_best_first_entry_would_have_brought_more(double[] relevance, double[] scores, double expected)
        => Assert.Equal(expected, ListMetrics.Regret(relevance, scores));

    [Fact]
    public void Lists_without_anything_relevant_do_not_count()
        => Assert.Equal(0.5, GroupedAuc.Mean([7, 7, 8, 8, 9, 9], [1, 0, 1, 0, 0, 0], [1, 2, 2, 1, 1, 2], ListMetrics.Regret));
}

using Switchyard.Ranking.Metrics;

namespace Switchyard.Tests.Ranking.Metrics;

public sealed class TwoProportionsTests
{
    /// <summary>Worked by hand: 15 of 40 and 5 of 40 have pooled share 1/4, deviation √(3/16 · 1/20) and z = 2.582, which is 0.00982 two-sided.</summary>
    [Theory]
    [InlineData(15, 40, 5, 40, 0.00982)]
    [InlineData(5, 40, 15, 40, 0.00982)]
    [InlineData(20, 40, 20, 40, 1)]
    [InlineData(0, 40, 0, 40, 1)]
    [InlineData(40, 40, 10, 10, 1)]
    [InlineData(30, 100, 20, 50, 0.2207)]
    public void The_test_is_that_of_the_normal_distribution(int first, int firstTrials, int second, int secondTrials, double expected)
        => Assert.Equal(expected, TwoProportions.Test(first, firstTrials, second, secondTrials), 5e-5);

    [Fact]
    public void Nothing_was_tried() => Assert.Throws<ArgumentOutOfRangeException>(() => TwoProportions.Test(0, 0, 1, 2));
}

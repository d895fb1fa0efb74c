using Switchyard.Ranking.Data;

namespace Switchyard.Tests.Ranking.Data;

public sealed class ExampleOrderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(1000)]
    public void Every_pass_has_every_example_once_in_an_order_of_its_own(int count)
    {
        ExampleOrder order = new(count, 7);
        long[][] passes = [.. Enumerable.Range(0, 3).Select(pass => Enumerable.Range(0, count).Select(place => order.At((long)pass * count + place)).ToArray())];
        Assert.All(passes, pass => Assert.Equal(Enumerable.Range(0, count).Select(static i => (long)i), pass.Order()));
        if (count < 63) return;
        Assert.NotEqual(passes[0], passes[1]);
        Assert.NotEqual(passes[1], passes[2]);
    }
}

using Switchyard.Experts.Gates;
using Switchyard.Experts.Selection;

namespace Switchyard.Tests.Experts.Gates;

public sealed class TopKOptionsTests
{
    [Theory]
    [InlineData(100, 10, 1, "1.1", 1, 11)] // in doubles the ceiling gives 12
    [InlineData(1024, 16, 2, "1.25", 1, 160)]
    [InlineData(7, 3, 1, "1", 1, 3)]
    [InlineData(7, 3, 1, "1", 4, 4)]
    [InlineData(0, 4, 2, "1", 1, 0)]
    public void CapacityIsAnExactCeiling(int tokens, int experts, int topK, string factor, int alignment, int expected)
    {
        TopKOptions options = new() { TopK = topK, CapacityFactor = decimal.Parse(factor), CapacityAlignment = alignment };
        Assert.Equal(expected, options.Capacity(tokens, experts, isTraining: true));
    }

    [Fact]
    public void EvaluationDropsNothingUnlessTold()
    {
        TopKOptions options = new() { CapacityFactor = 1 };
        Assert.Null(options.Capacity(64, 4, isTraining: false));
        Assert.Equal(32, (options with { EvaluationCapacityFactor = 1 }).Capacity(64, 4, isTraining: false));
    }

    [Fact]
    public void AnOnlyExpertKeepsItsProbabilityAsItsWeight()
    {
        Assert.Equal(Renormalisation.None, new TopKOptions { TopK = 1 }.ActualRenormalise);
        Assert.Equal(Renormalisation.BeforeDropping, new TopKOptions { TopK = 2 }.ActualRenormalise);
        Assert.Equal(Renormalisation.AfterDropping, new TopKOptions { TopK = 1, Renormalise = Renormalisation.AfterDropping }.ActualRenormalise);
    }
}

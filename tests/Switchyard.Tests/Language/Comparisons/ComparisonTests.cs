using Switchyard.Language.Comparisons;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Language.Comparisons;

public sealed class ComparisonTests
{
    [Fact]
    public void Intervals_are_those_of_student()
    {
        // t for one, two and four degrees of freedom: 12.706, 4.303, 2.776.
        Assert.Equal(12.7062 / Math.Sqrt(2) * Math.Sqrt(2), MeanInterval.Of([0, 2]).HalfWidth!.Value, 1e-3);
        MeanInterval three = MeanInterval.Of([1, 2, 6]);
        Assert.Equal(3, three.Mean, 1e-12);
        Assert.Equal(4.30265 * Math.Sqrt(7.0 / 3), three.HalfWidth!.Value, 1e-4);
        Assert.False(three.ExcludesZero);
        MeanInterval five = MeanInterval.Of([-1.0, -1.1, -0.9, -1.05, -0.95]);
        Assert.Equal(2.77645 * Math.Sqrt(0.00625 / 5), five.HalfWidth!.Value, 1e-5);
        Assert.True(five.ExcludesZero);
        Assert.Null(MeanInterval.Of([4]).HalfWidth);
        Assert.False(MeanInterval.Of([4]).ExcludesZero);
        Assert.Throws<ArgumentException>(() => MeanInterval.Of([]));
    }

    [Fact]
    public void A_curve_has_a_mean_height_and_operations_to_a_loss()
    {
        RunCurve curve = Curve((10, 100, 4), (20, 250, 3), (40, 400, 2), (50, 450, 2.5));
        Assert.Equal((3.5 * 10 + 2.5 * 20) / 30, curve.Area([10, 20, 40]), 1e-12);
        Assert.Equal(2.5, curve.FinalLoss);
        Assert.Equal(450, curve.Flops);
        Assert.Equal(100, curve.FlopsTo(4.5));
        Assert.Equal(175, curve.FlopsTo(3.5)!.Value, 1e-12);
        Assert.Equal(400, curve.FlopsTo(2));
        Assert.Null(curve.FlopsTo(1.9));
    }

    [Fact]
    public void Differences_are_taken_seed_by_seed()
    {
        // The recipes differ by 0.1 with every seed, and seeds by much more.
        RecipeResult first = Recipe("a", 3.0, 4.0, 3.5), second = Recipe("b", 2.9, 3.9, 3.41);
        PairedResult pair = new(second, first);
        Assert.Equal((-0.1 - 0.1 - 0.09) / 3, pair.ValidationLoss.Mean, 1e-12);
        Assert.True(pair.ValidationLoss.ExcludesZero);
        Assert.Equal(4.30265 * Math.Sqrt(1e-4 / 3 / 3), pair.ValidationLoss.HalfWidth!.Value, 1e-5);
        Assert.True(pair.FlopsToReach!.Value.Mean < 1);
        Assert.Null(new PairedResult(first, second).FlopsToReach);
        // Against itself a recipe takes all of its own operations.
        Assert.Equal(1, new PairedResult(first, first).FlopsToReach!.Value.Mean, 1e-12);
    }

    [Theory]
    [InlineData("switch,switch", "1", "given twice")]
    [InlineData("switch", "1,1", "given twice")]
    [InlineData("", "1", "0 recipes")]
    [InlineData("evomo", "1", "no recipe 'evomo'")]
    public void What_cannot_be_compared_is_refused(string recipes, string seeds, string named)
    {
        ComparisonOptions options = new() { Recipes = recipes.Split(',', StringSplitOptions.RemoveEmptyEntries), Seeds = [.. seeds.Split(',').Select(ulong.Parse)] };
        Assert.Contains(named, Assert.Throws<ArgumentException>(options.Check).Message, StringComparison.Ordinal);
    }

    private static RecipeResult Recipe(string name, params double[] losses)
        => new(name, [1, 2, 3], [.. losses.Select(static loss => Curve((10, 100, 5), (20, 200, loss)))], [10, 20]);

    private static RunCurve Curve(params (long Step, double Flops, double Loss)[] points) => RunCurve.Of([.. points.Select(static point => new StepMetrics
    {
        Step = point.Step,
        Tokens = point.Step,
        TrainLoss = point.Loss,
        LearningRate = 1,
        GradientNorm = 1,
        TokensPerSecond = 1,
        ValidationLoss = point.Loss,
        Flops = point.Flops,
        Layers = [],
    })]);
}

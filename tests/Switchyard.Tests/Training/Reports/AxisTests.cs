using FsCheck;
using FsCheck.Fluent;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

public class AxisTests
{
    [Fact]
    public void Linear_ticks_are_few_round_even_and_cover_the_values() => Check.QuickThrowOnFailure(
        Prop.ForAll<double[], int>((values, seed) =>
        {
            int most = 3 + (seed & 7);
            Axis axis = Axis.Linear(values ?? [], most);
            double step = axis.Ticks[1] - axis.Ticks[0];
            double slack = step * 1e-6;
            bool even = axis.Ticks.Zip(axis.Ticks.Skip(1)).All(pair => Math.Abs(pair.Second - pair.First - step) <= slack);
            double digit = step / Math.Pow(10, Math.Floor(Math.Log10(step) + 1e-9));
            bool round = new[] { 1.0, 2, 5 }.Any(one => Math.Abs(digit - one) < 1e-4);
            bool covers = (values ?? []).Where(value => Axis.CanDraw(value, false)).All(value => value >= axis.Minimum - slack && value <= axis.Maximum + slack);
            return even && round && covers && axis.Ticks.Count >= 2 && axis.Ticks.Count <= most && axis.Ticks.Distinct().Count() == axis.Ticks.Count;
        }));

    [Fact]
    public void Tight_axes_end_at_the_values_and_keep_their_ticks_inside() => Check.QuickThrowOnFailure(
        Prop.ForAll<double[], int>((values, seed) =>
        {
            Axis axis = Axis.Linear(values ?? [], 3 + (seed & 7), tight: true);
            double slack = (axis.Maximum - axis.Minimum) * 1e-6;
            return axis.Ticks.Count >= 1 && axis.Ticks.Count <= 3 + (seed & 7) && axis.Minimum < axis.Maximum
                && axis.Ticks.All(tick => tick >= axis.Minimum - slack && tick <= axis.Maximum + slack);
        }));

    [Fact]
    public void Logarithmic_ticks_are_few_increase_and_cover_the_values() => Check.QuickThrowOnFailure(
        Prop.ForAll<double[], int>((values, seed) =>
        {
            int most = 3 + (seed & 7);
            double[] positive = [.. (values ?? []).Select(Math.Abs)];
            Axis axis = Axis.Logarithmic(positive, most);
            return axis.Ticks.Count >= 2 && axis.Ticks.Count <= most
                && axis.Ticks.Zip(axis.Ticks.Skip(1)).All(pair => pair.Second > pair.First)
                && positive.Where(value => Axis.CanDraw(value, true)).All(value => axis.Position(value) is > -1e-6 and < 1 + 1e-6);
        }));

    [Theory]
    [InlineData(new double[] { 0, 1 }, new[] { 0, 0.2, 0.4, 0.6, 0.8, 1 })]
    [InlineData(new double[] { 0.3, 6.4 }, new double[] { 0, 2, 4, 6, 8 })]
    [InlineData(new double[] { }, new[] { 0, 0.2, 0.4, 0.6, 0.8, 1 })]
    [InlineData(new[] { double.NaN, double.PositiveInfinity, 3, double.NaN, 5 }, new[] { 3, 3.5, 4, 4.5, 5 })]
    public void Linear_ticks_are_those_a_person_would_choose(double[] values, double[] expected) =>
        Assert.Equal(expected, Axis.Linear(values, 6).Ticks, (a, b) => Math.Abs(a - b) < 1e-12);

    [Theory]
    [InlineData(new[] { 0.3, 4 }, new[] { 0.2, 0.5, 1, 2, 5 })]
    [InlineData(new[] { 1e-4, 1e3 }, new[] { 1e-4, 1e-2, 1, 1e2, 1e4 })]
    [InlineData(new[] { -1, 0, double.NaN }, new double[] { 1, 2, 5, 10 })]
    public void Logarithmic_ticks_are_those_a_person_would_choose(double[] values, double[] expected) =>
        Assert.Equal(expected, Axis.Logarithmic(values, 6).Ticks, (a, b) => Math.Abs(a / b - 1) < 1e-12);

    [Theory]
    [InlineData(0)]
    [InlineData(-7.5)]
    [InlineData(1e150)]
    [InlineData(1e-200)]
    public void A_constant_stands_inside(double value)
    {
        double position = Axis.Linear([value, value], 6).Position(value);
        Assert.InRange(position, 0.2, 0.8);
    }
}

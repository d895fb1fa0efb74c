using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

public class NumberTextTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(1.46849, "1.468")]
    [InlineData(-12.345, "−12.35")]
    [InlineData(367, "367")]
    [InlineData(1465, "1,465")]
    [InlineData(23810.4, "23,810")]
    [InlineData(0.0125, "0.0125")]
    [InlineData(3.2e-7, "3.2·10⁻⁷")]
    [InlineData(1e20, "10²⁰")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.NegativeInfinity, "−∞")]
    public void Short_keeps_about_four_digits(double value, string expected) => Assert.Equal(expected, NumberText.Short(value));

    [Theory]
    [InlineData(950, "950")]
    [InlineData(20540, "20.5 k")]
    [InlineData(6_041_600, "6.04 M")]
    [InlineData(1.24e9, "1.24 B")]
    public void Compact_shortens_large_numbers(double value, string expected) => Assert.Equal(expected, NumberText.Compact(value));

    [Theory]
    [InlineData(0.30000000000000004, 0.1, "0.3")]
    [InlineData(-1e-17, 0.1, "0")]
    [InlineData(0.0005, 0.0005, "0.0005")]
    [InlineData(1200, 200, "1,200")]
    [InlineData(2_500_000, 500_000, "2.5M")]
    [InlineData(2e-6, 1e-6, "2·10⁻⁶")]
    public void Ticks_have_as_many_digits_as_their_step(double value, double step, string expected) =>
        Assert.Equal(expected, NumberText.Tick(value, step));

    [Theory]
    [InlineData(12.34, "12.3 s")]
    [InlineData(293, "4 min 53 s")]
    [InlineData(3 * 3600 + 120, "3 h 2 min")]
    [InlineData(50 * 3600, "2 d 2 h")]
    public void Durations_name_two_units(double seconds, string expected) =>
        Assert.Equal(expected, NumberText.Duration(TimeSpan.FromSeconds(seconds)));
}

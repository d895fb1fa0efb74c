using System.Text;
using Switchyard.Cli;

namespace Switchyard.Tests.Cli;

public class QuantitiesTests
{
    [Theory]
    [InlineData(0, "0.00")]
    [InlineData(0.002, "0.002")]
    [InlineData(-0.0012345, "-0.00123")]
    [InlineData(0.0996, "0.0996")]
    [InlineData(1.4712, "1.47")]
    [InlineData(9.996, "10.0")]
    [InlineData(21.44, "21.4")]
    [InlineData(99.96, "100")]
    [InlineData(999.4, "999")]
    [InlineData(999.6, "1.00k")]
    [InlineData(21_437, "21.4k")]
    [InlineData(6_020_000, "6.02M")]
    [InlineData(-1.5, "-1.50")]
    [InlineData(double.NaN, "NaN")]
    public void Numbers_have_three_digits(double value, string expected) =>
        Assert.Equal(expected, new StringBuilder().AppendRounded(value).ToString());

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(24, "24 B")]
    [InlineData(999, "999 B")]
    [InlineData(4_194_304, "4.19 MB")]
    [InlineData(1000, "1.00 kB")]
    public void Bytes_go_by_powers_of_a_thousand(long bytes, string expected) =>
        Assert.Equal(expected, new StringBuilder().AppendBytes(bytes).ToString());

    [Theory]
    [InlineData(0.2, "0s")]
    [InlineData(59.4, "59s")]
    [InlineData(59.7, "1m 00s")]
    [InlineData(185, "3m 05s")]
    [InlineData(3599.9, "1h 00m")]
    [InlineData(4320, "1h 12m")]
    [InlineData(187_200, "2d 4h")]
    public void Times_have_two_units(double seconds, string expected) =>
        Assert.Equal(expected, new StringBuilder().AppendDuration(TimeSpan.FromSeconds(seconds)).ToString());
}

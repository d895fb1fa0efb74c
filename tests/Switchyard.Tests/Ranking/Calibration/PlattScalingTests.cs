using Switchyard.Ranking.Calibration;

namespace Switchyard.Tests.Ranking.Calibration;

public sealed class PlattScalingTests
{
    private static readonly double[] Labels = [0, 0, 0, 0, 0, 1, 1, 1];

    [Fact]
    public void Scores_that_set_all_labels_apart_have_a_finite_slope_and_meet_the_smoothed_targets()
    {
        double[] scores = [0.2, 0.2, 0.2, 0.2, 0.2, 0.8, 0.8, 0.8];
        PlattScaling platt = PlattScaling.Fit(Labels, scores);
        // With one score per label the fit goes through both targets: (3 + 1)/(3 + 2) and 1/(5 + 2).
        Assert.Equal(4.0 / 5, platt.Of(0.8), 1e-9);
        Assert.Equal(1.0 / 7, platt.Of(0.2), 1e-9);
        Assert.InRange(platt.Slope, 0.5, 2);
        Assert.True(PlattScaling.Fit(Labels, scores, isSmoothed: false).Slope > 5);
    }

    [Fact]
    public void No_neighbour_of_the_fit_has_a_smaller_loss()
    {
        double[] scores = [0.01, 0.3, 0.6, 0.2, 1e-9, 0.55, 0.999, 1 - 1e-12];
        PlattScaling platt = PlattScaling.Fit(Labels, scores);
        double least = Loss(platt);
        foreach ((double slope, double intercept) in (ReadOnlySpan<(double, double)>)[(1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3)])
            Assert.True(Loss(new PlattScaling(platt.Slope + slope, platt.Intercept + intercept)) > least);

        double Loss(PlattScaling one) => -Labels.Zip(scores, (label, score) => (Target: label == 1 ? 4.0 / 5 : 1.0 / 7, P: one.Of(score))).Sum(static pair => pair.Target * Math.Log(pair.P) + (1 - pair.Target) * Math.Log(1 - pair.P));
    }

    [Fact]
    public void Scores_that_are_all_alike_become_the_share_of_yes()
    {
        PlattScaling platt = PlattScaling.Fit(Labels, [0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]);
        Assert.Equal((3 * 4.0 / 5 + 5 * 1.0 / 7) / 8, platt.Of(0.9), 1e-6);
    }

    [Fact]
    public void Labels_that_are_all_alike_are_refused() => Assert.Throws<ArgumentException>(() => PlattScaling.Fit([1, 1], [0.5, 0.6]));
}

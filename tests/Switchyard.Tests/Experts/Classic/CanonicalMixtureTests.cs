using Switchyard.Experts.Classic;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.Classic;

/// <summary>What a mixture of experts must be able to do, on problems whose answer is known, over ten seeds.</summary>
[Trait("Category", "Slow")]
public sealed class CanonicalMixtureTests(ITestOutputHelper log)
{
    private const int Seeds = 10;

    [Fact]
    public void Two_lines_and_the_point_where_they_meet_are_found()
    {
        List<double> errors = [], boundaries = [], plain = [];
        int found = 0;
        foreach (Philox random in Streams())
        {
            using TensorScope scope = new();
            (Tensor x, Tensor y) = Regimes.Piecewise(random);
            (Tensor testX, Tensor testY) = Regimes.Piecewise(random);
            using ClassicMixture mixture = Started(2, x, random);
            MixtureFit fit = ExpectationMaximisation.Fit(mixture, x, y, new(), interrupted: TestContext.Current.CancellationToken);
            Assert.True(fit.NeverFell);
            using Gradients.Pause pause = Gradients.Paused();
            double[] gate = mixture.TopGate.ToArray<double>(); // [2, (1, x)]
            errors.Add(Tensor.SquaredError(mixture.Predict(testX), testY).ToDouble());
            boundaries.Add(Math.Abs((gate[0] - gate[2]) / (gate[1] - gate[3])));
            if (errors[^1] <= 0.013 && boundaries[^1] <= 0.05) found++;

            using ClassicMixture line = Started(1, x, random);
            ExpectationMaximisation.Fit(line, x, y, new(), interrupted: TestContext.Current.CancellationToken);
            plain.Add(Tensor.SquaredError(line.Predict(testX), testY).ToDouble());
        }
        log.WriteLine($"test error {Interval.Of(errors)}, boundary off by {Interval.Of(boundaries)}, one line {Interval.Of(plain)}; found {found} of {Seeds}");
        Assert.True(found >= 9);
        Assert.All(plain, error => Assert.True(error >= 0.5));
    }

    [Fact]
    public void Experts_that_cooperate_are_no_good_alone()
    {
        List<double> ratios = [];
        foreach (Philox random in Streams())
        {
            using TensorScope scope = new();
            (Tensor x, Tensor y) = Regimes.Piecewise(random);
            (Tensor testX, Tensor testY) = Regimes.Piecewise(random);
            ulong start = random.NextUInt64();
            double[] own = Array.ConvertAll((MixtureLoss[])[MixtureLoss.Competitive, MixtureLoss.Cooperative], loss =>
            {
                using ClassicMixture mixture = Started(2, x, new Philox(start));
                GradientFit.Fit(mixture, x, y, new() { Loss = loss }, interrupted: TestContext.Current.CancellationToken);
                using Gradients.Pause pause = Gradients.Paused();
                // Each expert's own error where the gate calls it.
                return (MixtureErrors.Gated(mixture.ExpertMeans(testX), mixture.LogGate(testX), testY) * 2).Mean().ToDouble();
            });
            ratios.Add(own[1] / own[0]);
        }
        log.WriteLine($"own error of cooperating over competing experts: {Interval.Of(ratios)}, least {ratios.Min():f1}");
        Assert.All(ratios, ratio => Assert.True(ratio >= 5));
    }

    [Fact]
    public void Two_regimes_at_the_same_place_show_in_the_density_and_not_in_the_mean()
    {
        List<double> gains = [], errorRatios = [];
        foreach (Philox random in Streams())
        {
            using TensorScope scope = new();
            (Tensor x, Tensor y) = Regimes.Crossing(random);
            (Tensor testX, Tensor testY) = Regimes.Crossing(random);
            using ClassicMixture mixture = Started(2, x, random);
            using ClassicMixture single = Started(1, x, random);
            ExpectationMaximisation.Fit(mixture, x, y, new(), interrupted: TestContext.Current.CancellationToken);
            ExpectationMaximisation.Fit(single, x, y, new(), interrupted: TestContext.Current.CancellationToken);
            using Gradients.Pause pause = Gradients.Paused();
            gains.Add((mixture.LogLikelihood(testX, testY) - single.LogLikelihood(testX, testY)).Mean().ToDouble());
            errorRatios.Add(Tensor.SquaredError(mixture.Predict(testX), testY).ToDouble() / Tensor.SquaredError(single.Predict(testX), testY).ToDouble());
        }
        log.WriteLine($"nats gained over a single Gaussian: {Interval.Of(gains)}; squared error over its: {Interval.Of(errorRatios)}");
        Assert.All(gains, gain => Assert.True(gain >= 0.3));
        Assert.All(errorRatios, ratio => Assert.InRange(ratio, 0.95, 1.05));
    }

    private static IEnumerable<Philox> Streams() => Enumerable.Range(0, Seeds).Select(seed => new Philox((ulong)seed));

    private static ClassicMixture Started(int experts, Tensor x, Philox random)
    {
        ClassicMixture mixture = new(new MixtureOptions { Inputs = 1, Outputs = 1, Groups = experts });
        mixture.Start(x, random);
        return mixture;
    }
}

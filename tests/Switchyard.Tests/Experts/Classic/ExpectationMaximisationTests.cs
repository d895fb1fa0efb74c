using FsCheck;
using FsCheck.Fluent;
using Switchyard.Experts.Classic;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Experts.Classic;

public sealed class ExpectationMaximisationTests
{
    private static readonly Arbitrary<MixtureOptions> Shapes = (
        from family in Gen.Elements(Enum.GetValues<ExpertFamily>())
        from groups in Gen.Choose(1, 3)
        from each in Gen.Choose(1, 2)
        from inputs in Gen.Choose(1, 3)
        from outputs in Gen.Choose(1, 3)
        from hidden in Gen.Elements(0, 0, 3)
        from ridge in Gen.Elements(0, 1e-3, 0.5)
        select new MixtureOptions
        {
            Family = family,
            Groups = groups,
            ExpertsPerGroup = each,
            Inputs = inputs,
            Outputs = family switch { ExpertFamily.Gaussian => outputs, ExpertFamily.Multinomial => outputs + 1, _ => 1 },
            Hidden = hidden,
            GateRidge = ridge,
            ExpertRidge = ridge,
        }).ToArbitrary();

    [Fact]
    public void The_penalised_likelihood_never_falls() =>
        Prop.ForAll(Shapes, Gen.Choose(0, 1_000_000).ToArbitrary(), Gen.Elements(Enum.GetValues<GateStep>()).ToArbitrary(), (options, seed, step) =>
        {
            using TensorScope scope = new();
            Philox random = new((ulong)seed);
            (Tensor x, Tensor y) = Draw(options, 60, random);
            using ClassicMixture mixture = new(options);
            mixture.Start(x, random);
            MixtureFit fit = ExpectationMaximisation.Fit(mixture, x, y, new() { Iterations = 12, Tolerance = 0, GateStep = step }, interrupted: TestContext.Current.CancellationToken);
            return fit.NeverFell.Label($"{options}, seed {seed}, {step}: {string.Join(" ", fit.Trace.Select(point => point.Penalised))}");
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_maximum_is_where_the_gradient_is_zero()
    {
        using TensorScope scope = new();
        Philox random = new(5);
        MixtureOptions options = new() { Inputs = 2, Outputs = 3, Family = ExpertFamily.Multinomial, Groups = 2, ExpertsPerGroup = 2, GateRidge = 0.1, ExpertRidge = 0.1 };
        (Tensor x, Tensor y) = Draw(options, 80, random);
        using ClassicMixture mixture = new(options);
        mixture.Start(x, random);
        MixtureFit fit = ExpectationMaximisation.Fit(mixture, x, y, new() { Iterations = 3000, Tolerance = 1e-14 }, interrupted: TestContext.Current.CancellationToken);
        Assert.True(fit.Converged);
        Tensor objective = mixture.LogLikelihood(x, y).Sum() - mixture.Penalty();
        Assert.All(Gradients.Of(objective, [.. mixture.Parameters().Select(entry => entry.Tensor)]), gradient => Assert.InRange(gradient.Norm([0, 1]).AsReadOnlySpan<double>().ToArray().Max(), 0, 1e-3));
    }

    [Fact]
    public void The_same_seed_gives_the_same_bits_for_any_number_of_threads()
    {
        int before = WorkerPool.Threads;
        try
        {
            Assert.Equal(Fitted(1), Fitted(3));
        }
        finally
        {
            WorkerPool.Threads = before;
        }

        static double[] Fitted(int threads)
        {
            WorkerPool.Threads = threads;
            using TensorScope scope = new();
            Philox random = new(1);
            MixtureOptions options = new() { Inputs = 3, Outputs = 3, Family = ExpertFamily.Multinomial, Groups = 3 };
            (Tensor x, Tensor y) = Draw(options, 400, random);
            using ClassicMixture mixture = new(options);
            mixture.Start(x, random);
            ExpectationMaximisation.Fit(mixture, x, y, new() { Iterations = 5 }, interrupted: TestContext.Current.CancellationToken);
            return [.. mixture.Parameters().SelectMany(entry => entry.Tensor.ToArray<double>())];
        }
    }

    [Fact]
    public void An_expert_without_rows_is_kept_as_it_is_and_named()
    {
        using TensorScope scope = new();
        Philox random = new(3);
        (Tensor x, Tensor y) = Regimes.Piecewise(random);
        using ClassicMixture mixture = new(new MixtureOptions { Inputs = 1, Outputs = 1, Groups = 3 });
        mixture.Start(x, random);
        // So far from every row that no exponential of it is more than 0.
        Span<double> weight = ((LinearExperts)mixture.Experts).Weight.AsSpan<double>();
        (weight[4], weight[5]) = (1e6, 0);
        MixtureFit fit = ExpectationMaximisation.Fit(mixture, x, y, new() { Iterations = 30 }, interrupted: TestContext.Current.CancellationToken);
        Assert.Equal([2], fit.Collapsed);
        Assert.True(fit.NeverFell);
        Assert.Equal(1e6, ((LinearExperts)mixture.Experts).Weight.AsReadOnlySpan<double>()[4]);
        Assert.Equal(0, mixture.Variance().AsReadOnlySpan<double>()[2] - 1);
    }

    [Fact]
    public void A_variance_stops_at_its_floor()
    {
        using TensorScope scope = new();
        Tensor x = Tensor.From((double[])[-1, 0, 1, 2], [4, 1]), y = Tensor.From((double[])[-2, 0, 2, 4], [4, 1]);
        using ClassicMixture mixture = new(new MixtureOptions { Inputs = 1, Outputs = 1, Groups = 1, ExpertRidge = 0, VarianceFloor = 1e-4 });
        MixtureFit fit = ExpectationMaximisation.Fit(mixture, x, y, new(), interrupted: TestContext.Current.CancellationToken);
        Assert.Equal(1e-4, mixture.Variance().ToDouble(), 1e-12);
        Assert.True(fit.NeverFell && fit.Converged);
    }

    [Fact]
    public void Extreme_values_neither_overflow_nor_pass_in_silence()
    {
        using TensorScope scope = new();
        Tensor x = Tensor.From((double[])[-1e3, 0, 1e3, 5], [4, 1]), y = Tensor.From((double[])[1, 0, 1, 0], [4, 1]);
        using ClassicMixture mixture = new(new MixtureOptions { Inputs = 1, Outputs = 1, Family = ExpertFamily.Bernoulli });
        mixture.Start(x, new Philox(0));
        Assert.True(ExpectationMaximisation.Fit(mixture, x, y, new(), interrupted: TestContext.Current.CancellationToken).NeverFell);

        Tensor infinite = Tensor.From((double[])[double.PositiveInfinity, 0, 1, 5], [4, 1]);
        Assert.Contains("extreme", Assert.Throws<SwitchyardException>(() => ExpectationMaximisation.Fit(mixture, infinite, y, new(), interrupted: TestContext.Current.CancellationToken)).Hint);
    }

    [Fact]
    public void Wrong_use_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new ClassicMixture(new MixtureOptions { Inputs = 1, Outputs = 2, Family = ExpertFamily.Bernoulli }));
        Assert.Throws<ArgumentException>(() => new ClassicMixture(new MixtureOptions { Inputs = 1, Outputs = 1, Family = ExpertFamily.Multinomial }));
        Assert.Throws<ArgumentException>(() => new ClassicMixture(new MixtureOptions { Inputs = 1, Outputs = 1, GateRidge = double.NaN }));
        Assert.Throws<ArgumentException>(() => new ClassicMixture(new MixtureOptions { Inputs = 1, Outputs = 1, Groups = 1, LastGateRowZero = true }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ClassicMixture(new MixtureOptions { Inputs = 1, Outputs = 1, Groups = 0 }));
        using ClassicMixture mixture = new(new MixtureOptions { Inputs = 2, Outputs = 1 });
        using TensorScope scope = new();
        Tensor one = Tensor.Zeros([3, 1], ElementType.Float64);
        Assert.Throws<ArgumentException>(() => mixture.LogGate(one));
        Assert.Throws<ArgumentException>(() => mixture.LogGate(Tensor.Zeros([3, 2])));
        Assert.Throws<ArgumentException>(() => mixture.LogLikelihood(Tensor.Zeros([3, 2], ElementType.Float64), Tensor.Zeros([4, 1], ElementType.Float64)));
        Assert.Throws<ArgumentException>(() => ExpectationMaximisation.Fit(mixture, Tensor.Zeros([0, 2], ElementType.Float64), Tensor.Zeros([0, 1], ElementType.Float64), new(), interrupted: TestContext.Current.CancellationToken));
    }

    private static (Tensor X, Tensor Y) Draw(MixtureOptions options, int rows, Philox random)
    {
        Tensor x = Tensor.Normal([rows, options.Inputs], 0, 1, random, ElementType.Float64);
        Tensor y = options.Family switch
        {
            ExpertFamily.Gaussian => Tensor.Normal([rows, options.Outputs], 0, 1, random, ElementType.Float64),
            ExpertFamily.Bernoulli => Tensor.From(Enumerable.Range(0, rows).Select(_ => (double)random.Next(2)).ToArray(), [rows, 1]),
            _ => Tensor.From(Enumerable.Range(0, rows).Select(_ => random.Next(options.Outputs)).ToArray(), [rows]).OneHot(options.Outputs, ElementType.Float64),
        };
        return (x, y);
    }
}

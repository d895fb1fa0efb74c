using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;

namespace Switchyard.Tests.Modules.Optimisers;

public class OptimiserTests
{
    [Fact]
    public void The_first_step_of_AdamW_is_the_rate_whatever_the_gradient()
    {
        using TensorScope scope = new();
        (string, Tensor)[] parameters = Parameters([1, 1, 1], [1e-3, -5, 40]);
        using AdamW optimiser = new(parameters, epsilon: 0);
        optimiser.Step(0.25);
        AssertClose([0.75, 1.25, 0.75], parameters[0].Item2);
        Assert.Equal(1, optimiser.Steps);
    }

    [Fact]
    public void AdamW_forgets_by_its_betas()
    {
        using TensorScope scope = new();
        (string, Tensor)[] parameters = Parameters([0], [2]);
        using AdamW optimiser = new(parameters, 0.5, 0.75, 0.1);
        double p = 0, m = 0, v = 0;
        for (int t = 1; t <= 5; t++)
        {
            double g = 2 - t;
            parameters[0].Item2.Gradient = Tensor.From([g], [1]);
            optimiser.Step(0.1);
            m = 0.5 * m + 0.5 * g;
            v = 0.75 * v + 0.25 * g * g;
            p -= 0.1 * (m / (1 - Math.Pow(0.5, t))) / (Math.Sqrt(v / (1 - Math.Pow(0.75, t))) + 0.1);
            AssertClose([p], parameters[0].Item2);
        }
    }

    [Fact]
    public void Matrices_decay_and_vectors_do_not()
    {
        using TensorScope scope = new();
        (string, Tensor)[] parameters = [("weight", Tensor.From([8.0], [1, 1])), ("bias", Tensor.From([8.0], [1]))];
        foreach ((_, Tensor parameter) in parameters) parameter.Gradient = Tensor.Zeros(parameter.Shape, parameter.Type);
        using AdamW optimiser = new(parameters, decay: new WeightDecay(0.5));
        optimiser.Step(0.25);
        AssertClose([7], parameters[0].Item2);
        AssertClose([8], parameters[1].Item2);
    }

    [Fact]
    public void The_caller_may_choose_what_decays()
    {
        using TensorScope scope = new();
        (string, Tensor)[] parameters = [("a", Tensor.From([8.0], [1])), ("b", Tensor.From([8.0], [1]))];
        foreach ((_, Tensor parameter) in parameters) parameter.Gradient = Tensor.Zeros(parameter.Shape, parameter.Type);
        using Sgd optimiser = new(parameters, decay: new WeightDecay(0.5, (name, _) => name == "b"));
        optimiser.Step(0.25);
        AssertClose([8], parameters[0].Item2);
        AssertClose([7], parameters[1].Item2);
    }

    [Fact]
    public void A_parameter_without_a_gradient_stays()
    {
        using TensorScope scope = new();
        (string, Tensor)[] parameters = [("seen", Tensor.From([1.0], [1, 1])), ("unseen", Tensor.From([1.0], [1, 1]))];
        parameters[0].Item2.Gradient = Tensor.From([1.0], [1, 1]);
        using AdamW optimiser = new(parameters, decay: new WeightDecay(0.5));
        optimiser.Step(0.25);
        AssertClose([1], parameters[1].Item2);
        Assert.Equal(1, GradientNorm.Euclidean(parameters));
        optimiser.ClearGradients();
        Assert.Null(parameters[0].Item2.Gradient);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_gradient_factor_is_a_scaled_gradient(bool adam)
    {
        using TensorScope scope = new();
        (string, Tensor)[] scaled = Parameters([1, 2], [3, -4]), factored = Parameters([1, 2], [6, -8]);
        using Optimiser a = Make(adam, scaled), b = Make(adam, factored);
        for (int step = 0; step < 3; step++)
        {
            a.Step(0.1);
            b.Step(0.1, 0.5);
        }
        AssertClose(scaled[0].Item2.ToArray<double>(), factored[0].Item2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void It_goes_on_from_a_saved_state_to_the_same_bits(bool adam)
    {
        using TensorScope scope = new();
        (string Name, Tensor Tensor)[] straight = Parameters([1, 2], [3, -4]), resumed = Parameters([1, 2], [3, -4]);
        using Optimiser first = Make(adam, straight);
        first.Step(0.1);
        Dictionary<string, Tensor> saved = first.State.ToDictionary(state => state.Name, state => state.Tensor.Clone());
        resumed[0].Tensor.CopyFrom(straight[0].Tensor);
        first.Step(0.1);
        using Optimiser second = Make(adam, resumed);
        second.Load(saved.GetValueOrDefault);
        second.Step(0.1);
        Assert.Equal(straight[0].Tensor.ToArray<double>(), resumed[0].Tensor.ToArray<double>());
        Assert.Equal(2, second.Steps);
    }

    [Fact]
    public void A_state_that_does_not_fit_is_refused_by_name()
    {
        using TensorScope scope = new();
        using AdamW optimiser = new(Parameters([1, 2], [0, 0]));
        Assert.Contains("optimiser state steps [] is missing", Assert.Throws<SwitchyardException>(() => optimiser.Load(_ => null)).Message);
        Tensor steps = Tensor.Zeros([], ElementType.Int32);
        Assert.Contains("optimiser state m.p is Float32[2], Float64[2] was expected", Assert.Throws<SwitchyardException>(
            () => optimiser.Load(name => name == "steps" ? steps : Tensor.Zeros([2]))).Message);
    }

    [Fact]
    public void Wrong_use_is_refused()
    {
        using TensorScope scope = new();
        (string, Tensor)[] parameters = Parameters([1], [1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => new AdamW(parameters, beta1: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AdamW(parameters, beta2: -0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Sgd(parameters, momentum: 1));
        Assert.Throws<ArgumentException>(() => new Sgd(parameters, nesterov: true));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Sgd(parameters, decay: new WeightDecay(-1)));
        using Sgd optimiser = new(parameters);
        Assert.Throws<ArgumentOutOfRangeException>(() => optimiser.Step(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => optimiser.Step(double.NaN));
    }

    private static (string Name, Tensor Tensor)[] Parameters(double[] values, double[] gradients)
    {
        Tensor parameter = Tensor.From(values, [values.Length]);
        parameter.Gradient = Tensor.From(gradients, [gradients.Length]);
        return [("p", parameter)];
    }

    private static Optimiser Make(bool adam, (string, Tensor)[] parameters)
        => adam ? new AdamW(parameters) : new Sgd(parameters, momentum: 0.9, nesterov: true);

    private static void AssertClose(double[] expected, Tensor actual)
    {
        double[] values = actual.ToArray<double>();
        Assert.Equal(expected.Length, values.Length);
        for (int i = 0; i < values.Length; i++) Assert.Equal(expected[i], values[i], 1e-12);
    }
}

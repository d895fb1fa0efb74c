using Switchyard.Tensors;

namespace Switchyard.Modules.Optimisers;

/// <summary>
/// Changes parameters along their gradients. It owns the state that it keeps per parameter; the parameters belong to
/// their module. Names are those of the module, so a checkpoint can be read without knowing the order.
/// </summary>
public abstract class Optimiser : IDisposable
{
    private const string StepsName = "steps";

    private readonly (string Name, Tensor Tensor)[] _parameters;
    private readonly List<(string Name, Tensor Tensor)> _state = [];
    private readonly Tensor _steps;

    /// <summary>Prepares to change some parameters, such as <see cref="Module.Parameters"/>.</summary>
    /// <param name="parameters">The parameters under their names.</param>
    protected Optimiser(IEnumerable<(string Name, Tensor Tensor)> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _parameters = [.. parameters];
        _steps = Tensor.Zeros([], ElementType.Int32).Release();
        _state.Add((StepsName, _steps));
    }

    /// <summary>What is optimised, in the order given. Of large tables, the rows that the step under way has touched.</summary>
    public virtual IReadOnlyList<(string Name, Tensor Tensor)> Parameters => _parameters;

    /// <summary>How many steps have been done.</summary>
    public int Steps => _steps.AsReadOnlySpan<int>()[0];

    /// <summary>All that a checkpoint must hold: the number of steps, and what is kept per parameter.</summary>
    public virtual IReadOnlyList<(string Name, Tensor Tensor)> State => _state;

    /// <summary>Does one step with the gradients that the parameters hold. A parameter without one stays as it is.</summary>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="gradientFactor">What every gradient is multiplied by on the way, such as the factor of <see cref="GradientNorm.Clip"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is negative or not finite.</exception>
    public virtual void Step(double learningRate, double gradientFactor = 1)
    {
        if (!(learningRate >= 0 && double.IsFinite(learningRate))) throw new ArgumentOutOfRangeException(nameof(learningRate), learningRate, "a learning rate is finite and not negative");
        _steps.AsSpan<int>()[0]++;
        IReadOnlyList<(string Name, Tensor Tensor)> parameters = Parameters;
        for (int i = 0; i < parameters.Count; i++)
        {
            Tensor parameter = parameters[i].Tensor;
            if (parameter.Gradient is { } gradient) Update(i, parameter, gradient, learningRate, gradientFactor);
        }
    }

    /// <summary>Frees and forgets the gradient of every parameter.</summary>
    public virtual void ClearGradients()
    {
        foreach ((_, Tensor parameter) in Parameters) parameter.ClearGradient();
    }

    /// <summary>Copies a saved state by name.</summary>
    /// <param name="find">Gives the tensor of a name, or null if there is none. The caller keeps it.</param>
    /// <exception cref="SwitchyardException">A tensor is missing or has another shape.</exception>
    public void Load(Func<string, Tensor?> find)
    {
        ArgumentNullException.ThrowIfNull(find);
        foreach ((string name, Tensor target) in State)
        {
            Tensor source = find(name) ?? throw new SwitchyardException($"optimiser state {name} {target.Shape} is missing", "the file belongs to another optimiser or model");
            if (source.Shape != target.Shape || source.Type != target.Type)
                throw new SwitchyardException($"optimiser state {name} is {source}, {target} was expected", "the file belongs to a model of another size");
            if (target.Type == ElementType.Int32) source.AsReadOnlySpan<int>().CopyTo(target.AsSpan<int>());
            else target.CopyFrom(source);
        }
    }

    /// <summary>Goes on where another optimiser of the same kind was, whose parameters became these.</summary>
    /// <param name="former">The other.</param>
    /// <param name="carry">
    /// Gives the state of a parameter by its name, made of former states, which it finds by the names of former parameters;
    /// null for the state of one that is new.
    /// </param>
    /// <exception cref="SwitchyardException">A state has another shape than its parameter.</exception>
    public void GoOnFrom(Optimiser former, Func<string, Func<string, Tensor?>, Tensor?> carry)
    {
        ArgumentNullException.ThrowIfNull(former);
        ArgumentNullException.ThrowIfNull(carry);
        Dictionary<string, Tensor> states = former.State.ToDictionary(static state => state.Name, static state => state.Tensor);
        former._steps.AsReadOnlySpan<int>().CopyTo(_steps.AsSpan<int>());
        foreach ((string name, Tensor target) in State.Where(state => state.Tensor != _steps))
        {
            int dot = name.IndexOf('.', StringComparison.Ordinal);
            string prefix = name[..(dot + 1)];
            if (carry(name[(dot + 1)..], parameter => states.GetValueOrDefault(prefix + parameter)) is not { } value) continue;
            if (value.Shape != target.Shape) throw new SwitchyardException($"optimiser state {name} has shape {value.Shape}, the parameter has {target.Shape}", "let the models of two phases differ in nothing but their experts and gates");
            target.CopyFrom(value);
        }
    }

    /// <summary>Frees the state. The parameters stay.</summary>
    public void Dispose()
    {
        foreach ((_, Tensor tensor) in State) tensor.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Changes one parameter. <see cref="Steps"/> already counts this step.</summary>
    /// <param name="index">Its place among <see cref="Parameters"/>.</param>
    /// <param name="parameter">The parameter, which is changed in place.</param>
    /// <param name="gradient">Its gradient, of the same shape and type.</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="gradientFactor">What the gradient is multiplied by first.</param>
    protected abstract void Update(int index, Tensor parameter, Tensor gradient, double learningRate, double gradientFactor);

    /// <summary>Adds a tensor to the state. It leaves the open scope: the optimiser owns it.</summary>
    protected Tensor AddState(string name, Tensor initial)
    {
        ArgumentNullException.ThrowIfNull(initial);
        _state.Add((name, initial.Release()));
        return initial;
    }

    /// <summary>Makes a state of zeros for every parameter, saved as <c>PREFIX.NAME</c>.</summary>
    protected Tensor[] AddState(string prefix)
    {
        Tensor[] tensors = new Tensor[_parameters.Length];
        for (int i = 0; i < tensors.Length; i++)
        {
            (string name, Tensor parameter) = _parameters[i];
            tensors[i] = AddState($"{prefix}.{name}", Tensor.Zeros(parameter.Shape, parameter.Type));
        }
        return tensors;
    }
}

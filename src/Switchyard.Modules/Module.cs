using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>
/// Parameters, buffers and child modules under names, and a computation that a derived class defines. Names are
/// joined by dots, as in <c>layers.0.mlp.gate.weight</c>, and are those of the checkpoint.
/// </summary>
public abstract class Module : IDisposable
{
    private readonly List<(string Name, Tensor Tensor)> _parameters = [];
    private readonly List<(string Name, Tensor Tensor)> _buffers = [];
    private readonly List<(string Name, Module Module)> _children = [];

    /// <summary>Whether the module trains: dropout, noise and statistics are on. A new module trains.</summary>
    public bool IsTraining { get; private set; } = true;

    /// <summary>Every tensor that is learnt, here and in the children, by full name in the order of their making.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Parameters() => Named(static module => module._parameters);

    /// <summary>Every tensor that is kept but not learnt, such as a balancing bias, by full name.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Buffers() => Named(static module => module._buffers);

    /// <summary>Parameters and buffers together: what a checkpoint holds.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> State() => Parameters().Concat(Buffers());

    /// <summary>This module and all modules inside it by full name; its own name is empty.</summary>
    public IEnumerable<(string Name, Module Module)> Modules()
    {
        yield return ("", this);
        foreach ((string name, Module child) in _children)
            foreach ((string inner, Module module) in child.Modules())
                yield return (Join(name, inner), module);
    }

    /// <summary>Turns training on or off, here and in the children.</summary>
    public void Train(bool training = true)
    {
        foreach ((_, Module module) in Modules()) module.IsTraining = training;
    }

    /// <summary>Frees and forgets the gradient of every parameter.</summary>
    public void ClearGradients()
    {
        foreach ((_, Tensor parameter) in Parameters()) parameter.ClearGradient();
    }

    /// <summary>Converts every parameter and buffer of numbers to another element type, for example to Float64 for a gradient check; tables of whole numbers stay.</summary>
    /// <returns>This module.</returns>
    public Module To(ElementType type)
    {
        using Gradients.Pause pause = Gradients.Paused();
        foreach ((_, Tensor tensor) in State())
            if (tensor.Type != type && tensor.Type != ElementType.Int32) tensor.Become(tensor.To(type));
        return this;
    }

    /// <summary>Copies values into parameters and buffers by name.</summary>
    /// <param name="find">Gives the tensor of a name and shape, or null if there is none. The caller keeps it.</param>
    /// <exception cref="SwitchyardException">A tensor is missing or has another shape.</exception>
    public void Load(Func<string, Tensor?> find)
    {
        ArgumentNullException.ThrowIfNull(find);
        using Gradients.Pause pause = Gradients.Paused();
        foreach ((string name, Tensor target) in State())
        {
            Tensor source = find(name) ?? throw new SwitchyardException($"tensor {name} {target.Shape} is missing", "the file belongs to another model, or is incomplete");
            if (source.Shape != target.Shape) throw new SwitchyardException($"tensor {name} has shape {source.Shape}, the model expects {target.Shape}", "the file belongs to a model of another size");
            target.CopyFrom(source);
        }
    }

    /// <summary>Frees every parameter and buffer.</summary>
    public void Dispose()
    {
        ClearGradients();
        foreach ((_, Tensor tensor) in State()) tensor.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Registers a tensor to be learnt. It leaves the open scope: the module owns it.</summary>
    protected Tensor AddParameter(string name, Tensor initial)
    {
        ArgumentNullException.ThrowIfNull(initial);
        initial.Release();
        initial.RequiresGradient = true;
        _parameters.Add((name, initial));
        return initial;
    }

    /// <summary>Registers a tensor that is kept but not learnt. It leaves the open scope: the module owns it.</summary>
    protected Tensor AddBuffer(string name, Tensor initial)
    {
        ArgumentNullException.ThrowIfNull(initial);
        initial.Release();
        _buffers.Add((name, initial));
        return initial;
    }

    /// <summary>Registers a module inside this one. Under an empty name, what is in it has the names that it would have here.</summary>
    protected T AddChild<T>(string name, T child)
        where T : Module
    {
        _children.Add((name, child));
        return child;
    }

    /// <summary>Puts another module in the place, and under the name, of a child.</summary>
    protected T ReplaceChild<T>(Module child, T replacement)
        where T : Module
    {
        int place = _children.FindIndex(entry => entry.Module == child);
        _children[place] = (_children[place].Name, replacement);
        return replacement;
    }

    private IEnumerable<(string Name, Tensor Tensor)> Named(Func<Module, List<(string Name, Tensor Tensor)>> own)
    {
        foreach ((string name, Tensor tensor) in own(this)) yield return (name, tensor);
        foreach ((string prefix, Module child) in _children)
            foreach ((string name, Tensor tensor) in child.Named(own))
                yield return (Join(prefix, name), tensor);
    }

    private static string Join(string prefix, string name) => prefix.Length == 0 ? name : name.Length == 0 ? prefix : $"{prefix}.{name}";
}

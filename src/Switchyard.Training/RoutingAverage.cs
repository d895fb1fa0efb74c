using Switchyard.Training.Reports;

namespace Switchyard.Training;

/// <summary>The routing of several micro-batches as that of one, each weighted by its tokens.</summary>
internal sealed class RoutingAverage
{
    private IReadOnlyList<LayerMetrics> _first = [];
    private double[][] _loads = [];
    private double[] _entropies = [];
    private double[] _dropped = [];
    private double?[] _active = [];
    private double _weight;
    private int _count;

    /// <summary>Starts anew.</summary>
    public void Clear() => (_count, _weight) = (0, 0);

    /// <summary>Adds the routing of a micro-batch.</summary>
    public void Add(IReadOnlyList<LayerMetrics> layers, double weight)
    {
        if (_count++ == 0)
        {
            // Most steps have one micro-batch: nothing is added up until a second comes.
            (_first, _weight) = (layers, weight);
            return;
        }
        if (_count == 2) Begin();
        _weight += weight;
        Accumulate(layers, weight);
    }

    /// <summary>The average of what was added.</summary>
    public IReadOnlyList<LayerMetrics> Result()
    {
        if (_count < 2) return _count == 0 ? [] : _first;
        LayerMetrics[] layers = new LayerMetrics[_loads.Length];
        for (int i = 0; i < layers.Length; i++)
        {
            double[] load = Array.ConvertAll(_loads[i], sum => sum / _weight);
            layers[i] = new LayerMetrics
            {
                Layer = _first[i].Layer,
                Load = load,
                Entropy = _entropies[i] / _weight,
                DroppedFraction = _dropped[i] / _weight,
                MaxOverMean = load.Length == 0 ? 1 : load.Max() * load.Length,
                ActivePerToken = _active[i] / _weight,
                Temperature = _first[i].Temperature,
            };
        }
        return layers;
    }

    private void Begin()
    {
        if (_loads.Length != _first.Count) (_loads, _entropies, _dropped, _active) = (new double[_first.Count][], new double[_first.Count], new double[_first.Count], new double?[_first.Count]);
        for (int i = 0; i < _loads.Length; i++)
        {
            if (_loads[i]?.Length != _first[i].Load.Length) _loads[i] = new double[_first[i].Load.Length];
            Array.Clear(_loads[i]);
        }
        Array.Clear(_entropies);
        Array.Clear(_dropped);
        Array.Fill(_active, 0);
        Accumulate(_first, _weight);
    }

    private void Accumulate(IReadOnlyList<LayerMetrics> layers, double weight)
    {
        for (int i = 0; i < _loads.Length; i++)
        {
            for (int expert = 0; expert < _loads[i].Length; expert++) _loads[i][expert] += weight * layers[i].Load[expert];
            _entropies[i] += weight * layers[i].Entropy;
            _dropped[i] += weight * layers[i].DroppedFraction;
            _active[i] += weight * layers[i].ActivePerToken;
        }
    }
}

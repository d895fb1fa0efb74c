using Switchyard.Ranking.Features;

namespace Switchyard.Ranking.Data;

/// <summary>Measures scales, quantiles and vocabularies on the rows to learn from, in one pass.</summary>
internal sealed class SchemaMeasure
{
    private const int Sample = 20_000;
    private const int QuantileCount = 256;

    private readonly FeatureSchema _schema;
    private readonly RowEncoder _encoder;
    private readonly Moments[] _moments;
    private readonly Dictionary<string, int>[] _counts;
    private readonly SortedSet<string> _devices = new(StringComparer.Ordinal);

    public SchemaMeasure(FeatureSchema schema)
    {
        _schema = schema;
        _encoder = new RowEncoder(new ExampleLayout(schema));
        _moments = [.. schema.Features.Select(static _ => new Moments())];
        _counts = [.. schema.Features.Select(static _ => new Dictionary<string, int>())];
    }

    /// <summary>Takes a row in.</summary>
    public void Add(RowEncoder.Cells cells, RowEncoder.Refuse refuse)
    {
        for (int i = 0; i < _schema.Features.Count; i++)
        {
            Feature feature = _schema.Features[i];
            if (feature.IsDense)
            {
                string cell = cells(feature.Sources[0]);
                if (!_schema.Missing.Contains(cell) && RowEncoder.Number(feature.Sources[0], cell, refuse) is { } value) _moments[i].Add(RowEncoder.Formed(feature, value, refuse));
            }
            else if (feature.Hash is null)
            {
                foreach (string name in _encoder.NamesOf(feature, cells)) _counts[i][name] = _counts[i].GetValueOrDefault(name) + 1;
            }
        }
        if (_schema.Position?.Device is { } device && cells(device) is { Length: > 0 } kind) _devices.Add(kind);
    }

    /// <summary>The schema with what was measured.</summary>
    public FeatureSchema Measured() => _schema with
    {
        Features = [.. _schema.Features.Select(Measured)],
        Position = _schema.Position is { } place ? place with { Devices = [.. _devices] } : null,
    };

    private Feature Measured(Feature feature, int i)
    {
        if (feature.IsDense) return feature with { Mean = _moments[i].Mean, Deviation = _moments[i].Deviation, Quantiles = feature.Form == DenseForm.Quantile ? _moments[i].Quantiles() : [] };
        if (feature.Hash is not null) return feature;
        string[] names = [.. _counts[i].Where(entry => entry.Value >= feature.MinimumCount).OrderByDescending(static entry => entry.Value).ThenBy(static entry => entry.Key, StringComparer.Ordinal).Select(static entry => entry.Key)];
        return feature with { Vocabulary = names };
    }

    /// <summary>Mean and deviation as numbers come (Welford 1962), and a sample of them, thinned evenly.</summary>
    private sealed class Moments
    {
        private readonly List<double> _sample = [];
        private long _count;
        private long _stride = 1;
        private double _squares;

        public double Mean { get; private set; }

        public double Deviation => _count > 1 && _squares / _count is var variance && variance > 1e-24 * Math.Max(1, Mean * Mean) ? Math.Sqrt(variance) : 1;

        public void Add(double value)
        {
            if (_count++ % _stride == 0)
            {
                _sample.Add(value);
                if (_sample.Count == Sample)
                {
                    _stride *= 2;
                    for (int i = 0; i < Sample / 2; i++) _sample[i] = _sample[2 * i];
                    _sample.RemoveRange(Sample / 2, Sample / 2);
                }
            }
            double before = value - Mean;
            Mean += before / _count;
            _squares += before * (value - Mean);
        }

        public double[] Quantiles()
        {
            double[] sorted = [.. _sample.Order()];
            return [.. Enumerable.Range(0, Math.Min(QuantileCount, sorted.Length)).Select(i => sorted[(long)i * sorted.Length / Math.Min(QuantileCount, sorted.Length)]).Distinct()];
        }
    }
}

using System.Collections;
using Switchyard.Ranking.Features;

namespace Switchyard.Ranking.Data;

/// <summary>Measures scales, quantiles and vocabularies on the rows to learn from, in one pass.</summary>
internal sealed class SchemaMeasure
{
    private const int Sample = 20_000;
    private const int QuantileCount = 256;

    private readonly FeatureSchema _schema;
    private readonly ExampleLayout _layout;
    private readonly RowEncoder _encoder;
    private readonly BitArray?[] _rowsInUse;
    private readonly RandomPages? _randomPages;
    private readonly int[] _record;
    private readonly Moments[] _moments;
    private readonly Dictionary<string, int>[] _counts;
    private readonly SortedSet<string> _devices = new(StringComparer.Ordinal);

    public SchemaMeasure(FeatureSchema schema)
    {
        _schema = schema;
        _layout = new ExampleLayout(schema);
        _encoder = new RowEncoder(_layout);
        _rowsInUse = [.. _layout.SparseFeatures.Select(static feature => feature.Hash is { } rows ? new BitArray(rows + 1) : null)];
        _randomPages = RandomPages.For(schema);
        _record = new int[_layout.Words];
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
        _randomPages?.Add(cells, refuse);
        if (Array.TrueForAll(_rowsInUse, static rows => rows is null)) return;
        _encoder.Features(cells, refuse, _record);
        for (int i = 0; i < _rowsInUse.Length; i++)
        {
            if (_rowsInUse[i] is not { } rows) continue;
            foreach (int id in _layout.IdsOf(_record, i))
                if (id > RowEncoder.Missing) rows[id] = true;
        }
    }

    /// <summary>The schema with what was measured.</summary>
    public FeatureSchema Measured() => _schema with
    {
        Features = [.. _schema.Features.Select(Measured)],
        Position = _schema.Position is { } place ? place with { Devices = [.. _devices], Propensities = place.Propensities ?? _randomPages?.Propensities([.. _devices]) } : null,
    };

    private Feature Measured(Feature feature, int i)
    {
        if (feature.IsDense) return feature with { Mean = _moments[i].Mean, Deviation = _moments[i].Deviation, Quantiles = feature.Form == DenseForm.Quantile ? _moments[i].Quantiles() : [] };
        if (feature.Hash is not null) return feature with { Collisions = CollisionsOf(_rowsInUse[_layout.SparseFeatures.ToList().IndexOf(feature)]!) };
        string[] names = [.. _counts[i].Where(entry => entry.Value >= feature.MinimumCount).OrderByDescending(static entry => entry.Value).ThenBy(static entry => entry.Key, StringComparer.Ordinal).Select(static entry => entry.Key)];
        return feature with { Vocabulary = names };
    }

    private static double CollisionsOf(BitArray rows)
    {
        double all = rows.Length - 1, used = rows.Cast<bool>().Count(static bit => bit);
        // Where every row is in use there is no telling how many names there are: as many as would leave half a row free.
        double names = -all * Math.Log(Math.Max(0.5, all - used) / all);
        return used == 0 ? 0 : Math.Max(0, 1 - used / names);
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

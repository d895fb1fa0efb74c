using Switchyard.Collectives;
using Switchyard.Training.Reports;

namespace Switchyard.Training.Ranks;

/// <summary>Where the time of every rank goes, and whether the others wait for one of them.</summary>
internal sealed class RankTimes(ProcessGroup ranks, TimeProvider clock)
{
    // A rank is called slow after so many steps, once, when it computes that much longer than the rank in the middle.
    private const int Steps = 20;
    private const double SlowFactor = 1.3;

    private readonly double[] _computed = new double[ranks.Size];
    private long _started;
    private (TimeSpan Waiting, TimeSpan Moving) _before;
    private double _total, _exchange, _wait;
    private int _steps, _stepsOfAll;
    private bool _isTold;

    /// <summary>A step begins.</summary>
    public void Begin() => (_started, _before) = (clock.GetTimestamp(), (ranks.Traffic.Waiting, ranks.Traffic.Moving));

    /// <summary>The step is over.</summary>
    public void End()
    {
        _total += clock.GetElapsedTime(_started).TotalSeconds;
        _wait += (ranks.Traffic.Waiting - _before.Waiting).TotalSeconds;
        _exchange += (ranks.Traffic.Moving - _before.Moving).TotalSeconds;
        _steps++;
    }

    /// <summary>The times of all ranks per step since this was last asked; every rank must ask.</summary>
    public IReadOnlyList<RankMetrics> Gather()
    {
        double[] own = [_total - _wait - _exchange, _exchange, _wait], all = new double[3 * ranks.Size];
        ranks.AllGather<double>(own, all);
        RankMetrics[] metrics = new RankMetrics[ranks.Size];
        for (int rank = 0; rank < metrics.Length; rank++)
        {
            _computed[rank] += all[3 * rank];
            metrics[rank] = new RankMetrics { ComputeSeconds = all[3 * rank] / _steps, ExchangeSeconds = all[3 * rank + 1] / _steps, WaitSeconds = all[3 * rank + 2] / _steps };
        }
        _stepsOfAll += _steps;
        (_total, _exchange, _wait, _steps) = (0, 0, 0, 0);
        return metrics;
    }

    /// <summary>One line that names a rank for which the others wait, the first time that there is one; else null.</summary>
    public string? Slow()
    {
        if (_isTold || _stepsOfAll < Steps || ranks.Size < 2) return null;
        double median = _computed.Order().ElementAt((ranks.Size - 1) / 2), most = _computed.Max();
        if (most < SlowFactor * median) return null;
        _isTold = true;
        return $"rank {Array.IndexOf(_computed, most)} is slow: it computes {most / median:f1} times as long as the rank in the middle, and the others wait for it";
    }
}

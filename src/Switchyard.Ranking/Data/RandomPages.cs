using Switchyard.Ranking.Features;

namespace Switchyard.Ranking.Data;

/// <summary>Counts clicks by position and device on the pages of a log that were in random order.</summary>
internal sealed class RandomPages
{
    private const string Yes = "1";

    private readonly TaskColumn _task;
    private readonly PositionColumns _place;
    private readonly Dictionary<(int Position, string Device), (double Clicks, double Shown)> _counts = [];

    private RandomPages(TaskColumn task, PositionColumns place) => (_task, _place) = (task, place);

    /// <summary>Prepares to count; null where a schema names no such pages, or no task that the page has a say in.</summary>
    public static RandomPages? For(FeatureSchema schema)
        => schema.Position is { Random: not null } place && schema.Tasks.FirstOrDefault(static task => task.Biased) is { } task ? new RandomPages(task, place) : null;

    /// <summary>Takes a row in.</summary>
    public void Add(RowEncoder.Cells cells, RowEncoder.Refuse refuse)
    {
        if (cells(_place.Random!) != Yes) return;
        int position = RowEncoder.Position(_place, cells(_place.Column), refuse);
        float label = RowEncoder.Label(_task, cells(_task.Source), refuse);
        if (position < 0 || float.IsNaN(label)) return;
        (int, string) key = (Math.Min(position, _place.Positions - 1), _place.Device is { } device ? cells(device) : "");
        (double clicks, double shown) = _counts.GetValueOrDefault(key);
        _counts[key] = (clicks + label, shown + 1);
    }

    /// <summary>The rates of clicks over those of the first position [positions][devices]; null where no page was in random order.</summary>
    /// <param name="devices">The devices in their order; none for one kind.</param>
    public IReadOnlyList<IReadOnlyList<double>>? Propensities(IReadOnlyList<string> devices)
    {
        if (_counts.Count == 0) return null;
        (double[,] clicks, double[,] shown) = (new double[_place.Positions, Math.Max(1, devices.Count)], new double[_place.Positions, Math.Max(1, devices.Count)]);
        foreach (((int position, string device), (double clicked, double seen)) in _counts)
        {
            // Unknown devices count as the first.
            int place = Math.Max(0, devices.ToList().IndexOf(device));
            clicks[position, place] += clicked;
            shown[position, place] += seen;
        }
        double[,] theta = Bias.Propensities.OfClicks(clicks, shown);
        return [.. Enumerable.Range(0, theta.GetLength(0)).Select(position => (double[])[.. Enumerable.Range(0, theta.GetLength(1)).Select(device => theta[position, device])])];
    }
}

using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;

namespace Switchyard.Ranking.Bias;

/// <summary>How likely each position is examined, relative to the first: θ [positions, devices].</summary>
public static class Propensities
{
    // A position without a click would weigh its examples infinitely.
    private const double Least = 1e-3;

    /// <summary>
    /// From pages in random order, where relevance is the same at every position on average: the clicks of a position over those of
    /// the first (Joachims et al., WSDM 2017, §5.1).
    /// </summary>
    /// <param name="examples">Examples from pages in random order.</param>
    /// <param name="task">The place of the task of clicks.</param>
    public static double[,] FromRandomPages(IEnumerable<ExampleBatch> examples, int task)
    {
        ArgumentNullException.ThrowIfNull(examples);
        double[,]? clicks = null, shown = null;
        foreach (ExampleBatch batch in examples)
        {
            PositionColumns place = batch.Layout.Schema.Position ?? throw new ArgumentException("the examples have no position: name its column in the schema");
            clicks ??= new double[place.Positions, place.DeviceCount];
            shown ??= new double[place.Positions, place.DeviceCount];
            int[] positions = batch.Positions(), devices = batch.Devices();
            float[] labels = batch.Labels(task);
            for (int row = 0; row < batch.Count; row++)
            {
                if (positions[row] < 0 || float.IsNaN(labels[row])) continue;
                int position = Math.Min(positions[row], place.Positions - 1);
                clicks[position, devices[row]] += labels[row];
                shown[position, devices[row]]++;
            }
        }
        if (clicks is null || shown is null) throw new ArgumentException("there are no examples to estimate from");
        return OfClicks(clicks, shown);
    }

    /// <summary>The clicks of each place over how often it was shown, over the same of the first [positions, devices].</summary>
    internal static double[,] OfClicks(double[,] clicks, double[,] shown)
    {
        double[,] rates = new double[clicks.GetLength(0), clicks.GetLength(1)];
        for (int device = 0; device < rates.GetLength(1); device++)
            for (int position = 0; position < rates.GetLength(0); position++)
                rates[position, device] = (clicks[position, device] + 0.5) / (shown[position, device] + 1);
        return OverFirst(rates);
    }

    /// <summary>The rates of all positions over that of the first, no more than 1 [positions, devices].</summary>
    internal static double[,] OverFirst(double[,] rates)
    {
        double[,] theta = new double[rates.GetLength(0), rates.GetLength(1)];
        for (int device = 0; device < theta.GetLength(1); device++)
            for (int position = 0; position < theta.GetLength(0); position++)
                theta[position, device] = Math.Clamp(rates[position, device] / rates[0, device], Least, 1);
        return theta;
    }
}

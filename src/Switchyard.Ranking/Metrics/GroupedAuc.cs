namespace Switchyard.Ranking.Metrics;

/// <summary>The AUC within each list, averaged: users differ in how much they click, which no ranking can help (Zhu et al., KDD 2017).</summary>
/// <param name="ByImpressions">Lists weighted by their length.</param>
/// <param name="ByClicks">Lists weighted by their clicks.</param>
/// <param name="Unweighted">All lists alike.</param>
/// <param name="Groups">How many lists had both yes and no; the others are left out.</param>
public readonly record struct GroupedAuc(double ByImpressions, double ByClicks, double Unweighted, int Groups)
{
    /// <summary>Computes it.</summary>
    /// <param name="groups">The list of each example.</param>
    /// <param name="labels">1 or 0.</param>
    /// <param name="scores">Larger for yes.</param>
    public static GroupedAuc Of(ReadOnlySpan<int> groups, ReadOnlySpan<double> labels, ReadOnlySpan<double> scores)
    {
        double byImpressions = 0, impressions = 0, byClicks = 0, clicks = 0, sum = 0;
        int used = 0;
        foreach (int[] rows in Lists(groups))
        {
            double[] own = new double[rows.Length], ownScores = new double[rows.Length];
            for (int i = 0; i < rows.Length; i++) (own[i], ownScores[i]) = (labels[rows[i]], scores[rows[i]]);
            double auc = BinaryMetrics.Auc(own, ownScores);
            if (double.IsNaN(auc)) continue;
            double yes = own.Sum();
            (byImpressions, impressions) = (byImpressions + rows.Length * auc, impressions + rows.Length);
            (byClicks, clicks) = (byClicks + yes * auc, clicks + yes);
            (sum, used) = (sum + auc, used + 1);
        }
        return new GroupedAuc(byImpressions / impressions, byClicks / clicks, sum / used, used);
    }

    /// <summary>The mean NDCG of the lists that have something relevant; NaN where none has.</summary>
    /// <param name="groups">The list of each example.</param>
    /// <param name="relevance">How relevant it is.</param>
    /// <param name="scores">By which lists are ordered.</param>
    /// <param name="k">How far down.</param>
    public static double MeanNdcg(ReadOnlySpan<int> groups, double[] relevance, double[] scores, int k)
        => Mean(groups, relevance, scores, (own, ownScores) => ListMetrics.Ndcg(own, ownScores, k));

    /// <summary>The mean of a figure of the lists that have one; NaN where none has.</summary>
    /// <param name="groups">The list of each example.</param>
    /// <param name="relevance">How relevant it is.</param>
    /// <param name="scores">By which lists are ordered.</param>
    /// <param name="figure">Makes it of the relevance and the scores of a list; NaN where it has none.</param>
    public static double Mean(ReadOnlySpan<int> groups, double[] relevance, double[] scores, Func<double[], double[], double> figure)
    {
        double sum = 0;
        int lists = 0;
        foreach (int[] rows in Lists(groups))
        {
            double own = figure(Array.ConvertAll(rows, row => relevance[row]), Array.ConvertAll(rows, row => scores[row]));
            if (!double.IsNaN(own)) (sum, lists) = (sum + own, lists + 1);
        }
        return lists == 0 ? double.NaN : sum / lists;
    }

    /// <summary>The rows of each list, in the order of their first rows.</summary>
    internal static IEnumerable<int[]> Lists(ReadOnlySpan<int> groups)
    {
        Dictionary<int, List<int>> rows = [];
        for (int row = 0; row < groups.Length; row++)
        {
            if (!rows.TryGetValue(groups[row], out List<int>? own)) rows[groups[row]] = own = [];
            own.Add(row);
        }
        return rows.Values.Select(static list => list.ToArray());
    }
}

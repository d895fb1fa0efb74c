using System.Text.Json;
using Switchyard.Ranking.Calibration;
using Switchyard.Ranking.Losses;
using Switchyard.Ranking.Metrics;
using Switchyard.Ranking.Serving;
using Switchyard.Tensors;

namespace Switchyard.Tests.Ranking.RankingFixtures;

/// <summary>Losses, metrics, calibration, and the best of a list.</summary>
internal static class MetricCases
{
    public static readonly Dictionary<string, Action<RankingCase>> Table = new()
    {
        ["loss"] = Loss,
        ["metric"] = Binary,
        ["list_metrics"] = Lists,
        ["gauc"] = Gauc,
        ["calibration"] = Calibration,
        ["topn"] = Top,
        ["combine"] = Combine,
        ["gate_report"] = Gate,
    };

    private static void Loss(RankingCase c)
    {
        if (c.Has("input.watch_seconds")) WatchTime(c);
        else if (c.Has("input.logit")) CrossEntropy(c);
        else if (c.Has("input.prediction")) Regression(c);
        else if (c.Parameters.TryGetProperty("ratio", out _)) Schedule(c);
        else Uncertainty(c);
    }

    private static void CrossEntropy(RankingCase c)
    {
        Tensor logits = c.Read("input.logit"), y = c.Read("input.y"), weight = c.Read("input.weight");
        logits.RequiresGradient = true;
        Tensor rows = Tensor.BinaryCrossEntropy(logits, y, weight, reduction: LossReduction.None);
        c.Check("output.loss", rows);
        c.CheckValue("mean", rows.Mean().ToDouble());
        c.CheckValue("weighted_mean", rows.Sum().ToDouble() / weight.Sum().ToDouble());
        c.Check("grad.logit", Gradients.Of(rows.Sum(), [logits])[0]);
    }

    private static void WatchTime(RankingCase c)
    {
        Tensor logits = c.Read("input.logit");
        logits.RequiresGradient = true;
        Tensor rows = TaskLosses.WatchTime(logits, c.Read("input.click"), c.Read("input.watch_seconds"));
        c.Check("output.loss", rows);
        c.CheckValue("mean", rows.Mean().ToDouble());
        c.Check("output.expected_watch", logits.Detach().Exp());
        c.Check("grad.logit", Gradients.Of(rows.Mean(), [logits])[0]);
    }

    private static void Regression(RankingCase c)
    {
        Tensor prediction = c.Read("input.prediction"), y = c.Read("input.y"), mask = c.Read("input.mask").To(c.Type);
        prediction.RequiresGradient = true;
        Tensor squared = Tensor.SquaredError(prediction, y, LossReduction.None);
        c.Check("output.squared", squared);
        c.Check("output.squared_log1p", TaskLosses.SquaredLogarithm(prediction, y));
        c.Check("output.huber_delta1", Tensor.HuberError(prediction, y, 1, LossReduction.None));
        Tensor mean = TaskLosses.Mean(squared, mask);
        c.CheckValue("masked_mean_squared", mean.ToDouble());
        c.Check("grad.prediction_of_masked_mean", Gradients.Of(mean, [prediction])[0]);
    }

    private static void Uncertainty(RankingCase c)
    {
        double[] losses = Values(c, "losses"), s = Values(c, "s");
        using TaskWeights weights = new([.. losses.Select(static _ => 1.0)], TaskWeighting.Uncertainty);
        weights.To(ElementType.Float64);
        weights.Load(_ => Tensor.From(s, [s.Length]));
        Tensor total = weights.Total([.. losses.Select(static loss => Tensor.Scalar(loss, ElementType.Float64))], 0);
        c.CheckValue("total", total.ToDouble());
        c.CheckValue("grad_s", RankingCase.Doubles(Gradients.Of(total, [weights.Parameters().Single().Tensor])[0]));
        c.PassOver(static name => name is "values.losses" or "values.s");
    }

    private static void Schedule(RankingCase c)
    {
        using TaskWeights weights = new(c.Numbers("initial"), ratios: c.Numbers("ratio"));
        foreach (JsonElement at in c.Values.EnumerateArray())
            c.Compare($"step {at.GetProperty("step")}", weights.At(at.GetProperty("step").GetInt64()), [.. at.GetProperty("weights").EnumerateArray().Select(static value => value.GetDouble())]);
    }

    private static void Binary(RankingCase c)
    {
        double[] y = c.Doubles("input.y"), score = c.Doubles("input.score"), weight = c.Doubles("input.weight");
        c.CheckValue("auc", BinaryMetrics.Auc(y, score));
        c.CheckValue("weighted_auc", BinaryMetrics.Auc(y, score, weight));
        c.CheckValue("log_loss", BinaryMetrics.LogLoss(y, score));
        c.CheckValue("weighted_log_loss", BinaryMetrics.LogLoss(y, score, weight));
        c.CheckValue("brier", BinaryMetrics.Brier(y, score));
        c.CheckValue("average_precision", BinaryMetrics.AveragePrecision(y, score));
        c.CheckValue("average_precision_by_rank", BinaryMetrics.AveragePrecisionByRank(y, score));
    }

    private static void Lists(RankingCase c)
    {
        List<double> ranks = [], precisions = [], gains = [];
        foreach (JsonElement query in c.Values.GetProperty("queries").EnumerateArray())
        {
            double[] y = Of(query, "y"), score = Of(query, "score");
            ranks.Add(ListMetrics.ReciprocalRank(y, score));
            precisions.Add(ListMetrics.AveragePrecision(y, score));
            gains.Add(ListMetrics.Ndcg(y, score, 3));
            foreach (JsonProperty value in query.EnumerateObject())
            {
                string[] name = value.Name.Split('@');
                int k = name.Length == 2 ? int.Parse(name[1]) : int.MaxValue;
                double? got = name[0] switch
                {
                    "ndcg_linear" => ListMetrics.Ndcg(y, score, k),
                    "ndcg_exponential" => ListMetrics.Ndcg(y, score, k, exponential: true),
                    "reciprocal_rank" => ListMetrics.ReciprocalRank(y, score),
                    "average_precision" => ListMetrics.AveragePrecision(y, score, k),
                    // Another way with ties, and with lists of nothing relevant.
                    _ => null,
                };
                if (got is { } number) c.Compare($"{value.Name} of [{string.Join(", ", y)}]", [number], [RankingCase.Number(value.Value)]);
            }
        }
        c.CheckValue("mrr", ranks.Average());
        c.CheckValue("map_without_empty", precisions.Where(double.IsFinite).Average());
        c.CheckValue("ndcg3_without_empty", gains.Where(double.IsFinite).Average());
        c.PassOver(static name => name == "values.queries");

        static double[] Of(JsonElement query, string name) => [.. query.GetProperty(name).EnumerateArray().Select(static value => value.GetDouble())];
    }

    private static void Gauc(RankingCase c)
    {
        GroupedAuc auc = GroupedAuc.Of(c.Integers("input.group"), c.Doubles("input.y"), c.Doubles("input.score"));
        c.CheckValue("by_impressions", auc.ByImpressions);
        c.CheckValue("by_clicks", auc.ByClicks);
        c.CheckValue("unweighted", auc.Unweighted);
        c.CheckValue("groups_used", auc.Groups);
    }

    private static void Calibration(RankingCase c)
    {
        double[] y = c.Doubles("input.y"), score = c.Doubles("input.score");
        ReliabilityDiagram byWidth = ReliabilityDiagram.ByWidth(y, score);
        c.CheckValue("ece_width10", byWidth.Expected);
        c.CheckValue("mce_width10", byWidth.Maximum);
        c.CheckValue("ece_mass10", ReliabilityDiagram.ByMass(y, score).Expected);
        c.CheckValue("mean_ratio", score.Average() / y.Average());
        foreach (JsonElement bin in c.Values.GetProperty("bins").EnumerateArray())
        {
            ReliabilityBin own = byWidth.Bins[bin.GetProperty("bin").GetInt32()];
            c.Compare($"bin {bin.GetProperty("bin")}", [own.Count, own.MeanScore, own.SharePositive], [bin.GetProperty("count").GetDouble(), bin.GetProperty("mean_score").GetDouble(), bin.GetProperty("share_positive").GetDouble()]);
        }
        PlattScaling platt = PlattScaling.Fit(y, score, isSmoothed: false);
        c.CheckValue("platt_slope", platt.Slope);
        c.CheckValue("platt_intercept", platt.Intercept);
        c.Check("output.platt", Array.ConvertAll(score, platt.Of));
        IsotonicScaling isotonic = IsotonicScaling.Fit(y, score);
        c.Check("output.isotonic", Array.ConvertAll(score, isotonic.Of));
        c.Check("output.isotonic_probe", Array.ConvertAll(c.Doubles("input.probe"), isotonic.Of));
        c.PassOver(static name => name == "values.bins");
    }

    private static void Top(RankingCase c)
    {
        long[] ids = [.. c.Values.GetProperty("ids").EnumerateArray().Select(static value => value.GetInt64())];
        Span<int> places = new int[c.Parameters.GetProperty("n").GetInt32()];
        int count = TopCandidates.Select(ids, Values(c, "scores"), places);
        c.CheckValue("top", [.. places[..count].ToArray().Select(place => (double)ids[place])]);
        c.PassOver(static name => name is "values.ids" or "values.scores");
    }

    private static void Combine(RankingCase c)
    {
        double[] weights = c.Doubles("weights");
        double[][] scores = [.. c.Doubles("input.scores").Chunk(weights.Length)];
        c.Check("output.sum", Array.ConvertAll(scores, row => ScoreCombination.Sum(row, weights)));
        c.Check("output.product", Array.ConvertAll(scores, row => ScoreCombination.Product(row, weights)));
        c.CheckValue("product_with_zero_score", ScoreCombination.Product([0, 0.5], [1, 1]));
        c.CheckValue("product_zero_weight_zero_score", ScoreCombination.Product([0, 1], [0, 1]));
    }

    private static void Gate(RankingCase c)
    {
        Tensor gate = c.Read("input.gate");
        GateReport report = GateReport.Of("gate", RankingCase.Doubles(gate), gate.Shape[1]);
        c.CheckValue("mean", [.. report.Mean]);
        c.CheckValue("mean_entropy", report.MeanEntropy);
        c.CheckValue("polarised_share", report.PolarisedShare);
    }

    private static double[] Values(RankingCase c, string name) => [.. c.Values.GetProperty(name).EnumerateArray().Select(RankingCase.Number)];
}

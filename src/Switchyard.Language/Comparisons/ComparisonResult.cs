using System.Text.Json.Nodes;
using Switchyard.Training.Reports;

namespace Switchyard.Language.Comparisons;

/// <summary>A point of a validation curve.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Flops">Floating-point operations done.</param>
/// <param name="Loss">The loss on the held-out data.</param>
public readonly record struct CurvePoint(long Step, double Flops, double Loss);

/// <summary>The course of one run.</summary>
/// <param name="Points">Its evaluations.</param>
/// <param name="Metrics">All its records.</param>
public sealed record RunCurve(IReadOnlyList<CurvePoint> Points, IReadOnlyList<StepMetrics> Metrics)
{
    /// <summary>The last loss on the held-out data.</summary>
    public double FinalLoss => Points[^1].Loss;

    /// <summary>The operations of the whole run.</summary>
    public double Flops => Points[^1].Flops;

    /// <summary>The curve of a run from its records.</summary>
    /// <exception cref="SwitchyardException">There is no evaluation among them.</exception>
    public static RunCurve Of(IReadOnlyList<StepMetrics> metrics)
    {
        CurvePoint[] points = [.. metrics.Where(static record => record.ValidationLoss is not null).Select(static record => new CurvePoint(record.Step, record.Flops ?? 0, record.ValidationLoss!.Value))];
        return points.Length > 0 ? new(points, metrics) : throw new SwitchyardException("a run of the comparison was never evaluated", "train it to its end");
    }

    /// <summary>The mean height of the curve over some steps, by trapezoids: the area below it over their distance.</summary>
    /// <param name="steps">Steps at which there is a point, in order.</param>
    public double Area(IReadOnlyList<long> steps)
    {
        Dictionary<long, double> losses = Points.ToDictionary(static point => point.Step, static point => point.Loss);
        if (steps.Count < 2) return FinalLoss;
        double area = 0;
        for (int i = 1; i < steps.Count; i++) area += (losses[steps[i]] + losses[steps[i - 1]]) / 2 * (steps[i] - steps[i - 1]);
        return area / (steps[^1] - steps[0]);
    }

    /// <summary>The operations after which a loss was reached, on straight lines between evaluations; null where it was not.</summary>
    public double? FlopsTo(double loss)
    {
        if (Points[0].Loss <= loss) return Points[0].Flops;
        for (int i = 1; i < Points.Count; i++)
            if (Points[i].Loss <= loss) return Points[i - 1].Flops + (Points[i].Flops - Points[i - 1].Flops) * (Points[i - 1].Loss - loss) / (Points[i - 1].Loss - Points[i].Loss);
        return null;
    }
}

/// <summary>What a recipe came to.</summary>
/// <param name="Recipe">Its name.</param>
/// <param name="Seeds">The seeds.</param>
/// <param name="Curves">The course of every seed's run.</param>
/// <param name="CommonSteps">The steps at which every run of every recipe was evaluated.</param>
public sealed record RecipeResult(string Recipe, IReadOnlyList<ulong> Seeds, IReadOnlyList<RunCurve> Curves, IReadOnlyList<long> CommonSteps)
{
    /// <summary>The steps at which every run of this recipe was evaluated.</summary>
    public IReadOnlyList<long> OwnSteps => [.. Curves.Select(static curve => curve.Points.Select(static point => point.Step)).Aggregate(static (a, b) => a.Intersect(b))];

    /// <summary>The last loss on the held-out data.</summary>
    public MeanInterval ValidationLoss => MeanInterval.Of([.. Curves.Select(static curve => curve.FinalLoss)]);

    /// <summary>The mean height of the validation curve; see <see cref="RunCurve.Area"/>.</summary>
    public MeanInterval Area => MeanInterval.Of([.. Curves.Select(curve => curve.Area(CommonSteps))]);

    /// <summary>Operations of a run, on average.</summary>
    public double Flops => Curves.Average(static curve => curve.Flops);
}

/// <summary>By how much one recipe's loss is above another's, seed by seed; below 0 where it is better.</summary>
/// <param name="Recipe">The recipe.</param>
/// <param name="Against">The other.</param>
public sealed record PairedResult(RecipeResult Recipe, RecipeResult Against)
{
    /// <summary>The difference of the last losses.</summary>
    public MeanInterval ValidationLoss => Difference(static (curve, _) => curve.FinalLoss);

    /// <summary>The difference of the mean heights of the curves.</summary>
    public MeanInterval Area => Difference(static (curve, steps) => curve.Area(steps));

    /// <summary>The share of the other's operations after which its last loss was reached; null where a seed did not reach it.</summary>
    public MeanInterval? FlopsToReach
    {
        get
        {
            double?[] shares = [.. Recipe.Curves.Zip(Against.Curves, static (curve, other) => other.Flops > 0 ? curve.FlopsTo(other.FinalLoss) / other.Flops : null)];
            return shares.Contains(null) ? null : MeanInterval.Of([.. shares.Select(static share => share!.Value)]);
        }
    }

    private MeanInterval Difference(Func<RunCurve, IReadOnlyList<long>, double> value)
        => MeanInterval.Of([.. Recipe.Curves.Zip(Against.Curves, (curve, other) => value(curve, Recipe.CommonSteps) - value(other, Against.CommonSteps))]);
}

/// <summary>What a comparison came to.</summary>
/// <param name="Recipes">Every recipe, in the order in which they were given.</param>
/// <param name="Pairs">Every two of them, the later one against the earlier.</param>
public sealed record ComparisonResult(IReadOnlyList<RecipeResult> Recipes, IReadOnlyList<PairedResult> Pairs)
{
    /// <summary>The result as JSON. Intervals are <c>[from, to]</c>; null for a single seed.</summary>
    public JsonObject ToJson() => new()
    {
        ["recipes"] = new JsonArray([.. Recipes.Select(static recipe => (JsonNode)new JsonObject
        {
            ["recipe"] = recipe.Recipe,
            ["validation_loss"] = Json(recipe.ValidationLoss),
            ["area"] = Json(recipe.Area),
            ["flops"] = recipe.Flops,
            ["seeds"] = new JsonArray([.. recipe.Seeds.Zip(recipe.Curves, static (seed, curve) => (JsonNode)new JsonObject { ["seed"] = seed, ["validation_loss"] = curve.FinalLoss, ["flops"] = curve.Flops })]),
        })]),
        ["paired"] = new JsonArray([.. Pairs.Select(static pair => (JsonNode)new JsonObject
        {
            ["recipe"] = pair.Recipe.Recipe,
            ["against"] = pair.Against.Recipe,
            ["validation_loss"] = Json(pair.ValidationLoss),
            ["area"] = Json(pair.Area),
            ["flops_to_reach"] = pair.FlopsToReach is { } share ? Json(share) : null,
        })]),
    };

    private static JsonObject Json(MeanInterval interval) => new()
    {
        ["mean"] = interval.Mean,
        ["interval95"] = interval.HalfWidth is { } half ? new JsonArray(interval.Mean - half, interval.Mean + half) : null,
    };
}

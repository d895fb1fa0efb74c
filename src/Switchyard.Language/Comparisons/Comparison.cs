using System.Globalization;

namespace Switchyard.Language.Comparisons;

/// <summary>
/// Recipes × seeds in a folder, <c>RECIPE/seed-N</c>. Two runs of a seed see the same data in the same order and begin with
/// the same weights outside experts and gates, so that their difference is the recipe's. What is done is not done again.
/// </summary>
public sealed class Comparison
{
    /// <summary>Lists the runs.</summary>
    /// <param name="folder">Where they are, or will be.</param>
    /// <param name="options">What is compared.</param>
    /// <exception cref="ArgumentException">There is nothing to compare.</exception>
    public Comparison(string folder, ComparisonOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        (Folder, Options) = (folder, options);
        Runs = [.. options.Seeds.SelectMany(seed => options.Recipes.Select(recipe =>
            new ComparisonRun(recipe, seed, Path.Combine(folder, recipe, string.Create(CultureInfo.InvariantCulture, $"seed-{seed}")))))];
    }

    /// <summary>Where the runs are.</summary>
    public string Folder { get; }

    /// <summary>What is compared.</summary>
    public ComparisonOptions Options { get; }

    /// <summary>Every run, seed by seed: after each seed all recipes can be compared.</summary>
    public IReadOnlyList<ComparisonRun> Runs { get; }

    /// <summary>What the runs came to, when all are done.</summary>
    public ComparisonResult Result()
    {
        Dictionary<(string, ulong), RunCurve> curves = Runs.ToDictionary(static run => (run.Recipe, run.Seed), static run => RunCurve.Of(run.Metrics()));
        long[] common = [.. curves.Values.Select(static curve => curve.Points.Select(static point => point.Step)).Aggregate(static (a, b) => a.Intersect(b)).Order()];
        RecipeResult[] recipes = [.. Options.Recipes.Select(recipe => new RecipeResult(recipe, Options.Seeds, [.. Options.Seeds.Select(seed => curves[(recipe, seed)])], common))];
        PairedResult[] pairs = [.. recipes.SelectMany((recipe, index) => recipes.Take(index).Select(other => new PairedResult(recipe, other)))];
        return new ComparisonResult(recipes, pairs);
    }
}

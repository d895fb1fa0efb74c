using Switchyard.Language.Evolution;
using Switchyard.Language.Runs;
using Switchyard.Language.Transformer;
using Switchyard.Modules.Schedules;

namespace Switchyard.Language.Comparisons;

/// <summary>What is compared: every recipe with every seed, in all else alike.</summary>
public sealed record ComparisonOptions
{
    private static readonly LearningOptions Learning = new() { Batch = 16, LearningRate = 2e-3, WarmUpSteps = 100, Decay = Decay.Linear, MinimumRatio = 0.1, WeightDecay = 0, KeepCheckpoints = 1 };

    /// <summary>The settings of a run unless others are given: a small model that shows the differences within minutes.</summary>
    /// <remarks>
    /// Blocks of width 64 of which the last has experts: two and 8 of them for text, in windows of 32 tokens, 16 in a step, with
    /// 512 byte pairs; two and two with 4 for translation, with 1,000 byte pairs. Adam with a rate of 2e-3 that rises over 100
    /// steps and falls along a line to a tenth.
    /// </remarks>
    /// <param name="task">What is learnt.</param>
    public static LanguageRunOptions Protocol(string task) => task switch
    {
        LanguageRunOptions.Masked => new()
        {
            Task = task,
            Tokenizer = "bpe:512",
            Model = new EncoderOptions { Layers = 2, Width = 64, Heads = 4, Hidden = 256, Experts = 8, MixtureEvery = 2, Context = 32 },
            Learning = Learning with { Steps = 6000 },
        },
        LanguageRunOptions.Translation => new()
        {
            Task = task,
            Tokenizer = "bpe:1000",
            Model = new EncoderDecoderOptions { Layers = 2, Width = 64, Heads = 4, Hidden = 256, Experts = 4, MixtureEvery = 2, Context = 40 },
            Learning = Learning with { Steps = 3000, Batch = 56 },
        },
        _ => new()
        {
            Task = task,
            Tokenizer = "bpe:512",
            Model = new DecoderOptions { Layers = 2, Width = 64, Heads = 4, Hidden = 256, Experts = 8, MixtureEvery = 2, Context = 32 },
            Learning = Learning with { Steps = 3000 },
        },
    };

    /// <summary>The names of the recipes, one or more of <see cref="RecipeCatalogue.All"/>.</summary>
    public required IReadOnlyList<string> Recipes { get; init; }

    /// <summary>The seeds: each decides initial weights, data order and noise of one run per recipe.</summary>
    public required IReadOnlyList<ulong> Seeds { get; init; }

    /// <summary>All other settings of a run.</summary>
    public LanguageRunOptions Run { get; init; } = Protocol(LanguageRunOptions.Causal);

    /// <summary>The settings of one run.</summary>
    public LanguageRunOptions Of(string recipe, ulong seed)
    {
        LearningOptions learning = Run.Learning with { Seed = seed };
        // As many points on every curve, at the same steps.
        if (learning.EvaluateEvery is null && learning.Steps is { } steps) learning = learning with { EvaluateEvery = Math.Max(1, steps / 10) };
        return Run with { Recipe = recipe, Phases = RecipeCatalogue.Find(recipe).Phases, Learning = learning };
    }

    /// <summary>Checks that there is something to compare.</summary>
    /// <exception cref="ArgumentException">There is not, or a recipe or seed is given twice.</exception>
    public void Check()
    {
        if (Recipes.Count == 0 || Seeds.Count == 0) throw new ArgumentException($"{Recipes.Count} recipes and {Seeds.Count} seeds are compared: give one of each, or more");
        if (Recipes.Distinct().Count() < Recipes.Count || Seeds.Distinct().Count() < Seeds.Count) throw new ArgumentException("a recipe or a seed is given twice: give each once");
        foreach (string recipe in Recipes) RecipeCatalogue.Find(recipe);
    }
}

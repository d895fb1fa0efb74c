using Switchyard.Experts.Evolution;
using Switchyard.Experts.Gates;

namespace Switchyard.Language.Evolution;

/// <summary>A way to train a sparse model that has a name.</summary>
/// <param name="Name">For example <c>evomoe</c>.</param>
/// <param name="Summary">What it does, in one line.</param>
/// <param name="Phases">Its phases, in order.</param>
public sealed record Recipe(string Name, string Summary, IReadOnlyList<LanguagePhase> Phases);

/// <summary>
/// The table of all recipes: EvoMoE (arXiv 2112.14397), what it is compared with, all of them with one expert per token in
/// the end and nothing dropped, and EvoMoE with one thing changed.
/// </summary>
public static class RecipeCatalogue
{
    private const double DenseUntil = 0.05, SoftUntil = 0.25, LastTemperature = 0.3;

    // The schedule of the gate runs over its own phase: the temperature falls from its beginning to its end.
    private static readonly DenseToSparseOptions Soft = new() { DecayFrom = 0, DecayTo = 1, HardFrom = 1, EndTemperature = LastTemperature };

    // Routing that is as steady as by a table of ids from the beginning needs neither noise nor a long soft phase; the table is even already.
    private static readonly DenseToSparseOptions Token = Soft with { StartTemperature = 0.5, NoiseScale = 0, TokenDeviation = 4, BalanceCoefficient = 0 };

    private static readonly SpawnOptions HalfRedrawn = new() { Mode = SpawnMode.MaskUnits, Share = 0.5, Redraw = true };

    /// <summary>All recipes: those that are usually compared first.</summary>
    public static IReadOnlyList<Recipe> All { get; } =
    [
        new("dense", "one block for all tokens: a dense model of the same active size", [new() { Name = "dense", Dense = true }]),
        new("switch", "one expert per token, weighted by its probability", Routed(new SwitchOptions { CapacityFactor = null })),
        new("base", "balanced assignment in training", Routed(new BaseOptions())),
        new("hash", "a table of token ids", Routed(new HashOptions())),
        new("stablemoe", "routing learnt for a tenth of training, then frozen", Routed(new StableOptions())),
        new("evomoe", "one dense model becomes many experts, and the gate sparse as a temperature falls", Evolving()),
        new("evomoe-token", "the gate sees which token it is too, without noise, and is sparse at 5 % of training", Evolving(gate: Token, denseUntil: 0.02, softUntil: 0.05)),
        new("evomoe-switch", "dense to 20 % of training, half of the inner units drawn anew, plain softmax weights, then Switch's gate",
            Evolving(HalfRedrawn, Soft with { Weights = DenseToSparseWeights.Softmax }, denseUntil: 0.2, softUntil: 0.25, last: new SwitchOptions { CapacityFactor = null, Jitter = 0 })),
        new("evomoe-random", "without a dense start: random experts under the same gate", Evolving()[1..]),
        new("evomoe-top-1", "without the dense gate: one expert per token from the spawn on", [Evolving()[0], Evolving()[2]]),
        new("evomoe-copy", "experts begin as copies", Evolving(new SpawnOptions { Mode = SpawnMode.Copy })),
        new("evomoe-half", "half of every expert's weights masked at first", Evolving(new SpawnOptions { Share = 0.5 })),
        new("evomoe-persistent", "masked weights stay masked", Evolving(new SpawnOptions { Persistent = true })),
        new("evomoe-noise", "noise instead of masks", Evolving(new SpawnOptions { Mode = SpawnMode.Noise })),
        new("evomoe-units", "half of the inner units drawn anew", Evolving(HalfRedrawn)),
        new("evomoe-linear", "the temperature falls along a line", Evolving(gate: Soft with { Decay = TemperatureDecay.Linear })),
        new("evomoe-threshold", "a threshold of 0.02 instead of 0.001", Evolving(gate: Soft with { Threshold = 0.02 })),
        new("evomoe-softmax", "experts weighted by the plain softmax", Evolving(gate: Soft with { Weights = DenseToSparseWeights.Softmax })),
        new("evomoe-late", "sparse only after 60 % of training", Evolving(softUntil: 0.6)),
        new("evomoe-noisy", "the one expert is drawn, not chosen, to the end", Evolving(gate: Soft with { NoiseWhenHard = true })),
    ];

    /// <summary>The recipe of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static Recipe Find(string name)
        => All.FirstOrDefault(recipe => recipe.Name == name) ?? throw new ArgumentException($"there is no recipe '{name}': choose {string.Join(", ", All.Select(static recipe => recipe.Name))}");

    private static LanguagePhase[] Routed(GateOptions gate) => [new() { Name = "sparse", Routing = gate }];

    private static LanguagePhase[] Evolving(SpawnOptions? spawn = null, DenseToSparseOptions? gate = null, double denseUntil = DenseUntil, double softUntil = SoftUntil, GateOptions? last = null)
    {
        DenseToSparseOptions soft = gate ?? Soft;
        return
        [
            new() { Name = "dense", Dense = true, Until = denseUntil },
            new() { Name = "sparsify", Until = softUntil, Routing = soft, Spawn = spawn ?? new() },
            new() { Name = "hard", Routing = last ?? soft with { StartTemperature = LastTemperature, HardFrom = 0 }, Spawn = spawn ?? new() },
        ];
    }
}

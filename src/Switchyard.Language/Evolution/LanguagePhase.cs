using System.Text.Json.Serialization;
using Switchyard.Experts.Evolution;
using Switchyard.Experts.Gates;
using Switchyard.Training;

namespace Switchyard.Language.Evolution;

/// <summary>A stretch of training in which the model has a gate of its own, or no experts yet. Weights go on from phase to phase.</summary>
public sealed record LanguagePhase : TrainingPhase
{
    /// <summary>Whether there is one block where experts will be, which sees every token with weight 1: a dense model.</summary>
    public bool Dense { get; init; }

    /// <summary>Which gate, and its policy; null for the model's own. Its schedules run from the beginning of the phase to its end.</summary>
    [JsonIgnore]
    public GateOptions? Routing { get; init; }

    /// <summary>How experts are made out of the dense model, if there was one before. A mask that is persistent stays from then on.</summary>
    public SpawnOptions Spawn { get; init; } = new();

    /// <summary>The model in this phase.</summary>
    /// <param name="model">The model with its experts.</param>
    public LanguageModelOptions ModelIn(LanguageModelOptions model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model with { Experts = Dense ? 0 : model.Experts, Routing = Routing ?? model.Routing };
    }

    /// <summary>Checks that phases can follow one another in the training of a model.</summary>
    /// <exception cref="ArgumentException">They cannot; the message says why.</exception>
    public static void Check(IReadOnlyList<LanguagePhase> phases, LanguageModelOptions model)
    {
        TrainingPhase.Check(phases);
        for (int i = 0; i < phases.Count; i++)
        {
            if (i > 0 && phases[i].Dense && !phases[i - 1].Dense) throw new ArgumentException($"the phase '{phases[i].Name}' is dense and follows '{phases[i - 1].Name}', which has experts: many do not become one again");
            if (!phases[i].Dense && !model.HasExperts) throw new ArgumentException($"the phase '{phases[i].Name}' has experts, and the model has none: give their number");
            phases[i].Spawn.Check();
            phases[i].ModelIn(model).Check();
        }
    }
}

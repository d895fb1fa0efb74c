using System.CommandLine;
using System.Text.Json.Nodes;
using Switchyard.Experts.Gates;

namespace Switchyard.Cli.Commands;

/// <summary><c>gates</c>: every gate with its source, its causality and its knobs.</summary>
internal static class GatesCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Argument<string?> name = new("NAME") { Description = "A gate, to see its knobs", Arity = ArgumentArity.ZeroOrOne };
        return new RunnableCommand(
            "gates",
            "Lists the gates that 'train --gate' knows, and their knobs.",
            (parse, output, _) => List(parse.GetValue(name) is { } one ? [GateCatalogue.Find(one)] : GateCatalogue.All, parse.GetValue(name) is not null, output),
            new Example("switchyard gates", "One line for each gate."),
            new Example("switchyard gates dense-to-sparse", "The knobs of one gate, with their defaults."),
            new Example("switchyard gates --json", "Everything as one JSON object."))
        {
            name,
        };
    }

    private static void List(IReadOnlyList<NamedGate> gates, bool withKnobs, Output output)
    {
        int width = gates.Max(static gate => gate.Name.Length);
        foreach (NamedGate gate in gates)
        {
            output.WriteLine($"{gate.Name.PadRight(width)}  {(gate.Defaults.IsCausal ? "causal    " : "not causal")}  {gate.Summary} ({gate.Source})");
            if (!withKnobs) continue;
            foreach ((string knob, JsonNode? value) in GateCatalogue.Write(gate.Defaults)) output.WriteLine($"  {knob} = {value?.ToJsonString() ?? "none"}");
        }
        if (output.Json) output.Result(new JsonObject { ["gates"] = new JsonArray([.. gates.Select(static gate => (JsonNode)Describe(gate))]) });
    }

    private static JsonObject Describe(NamedGate gate) => new()
    {
        ["name"] = gate.Name,
        ["source"] = gate.Source,
        ["summary"] = gate.Summary,
        ["causal"] = gate.Defaults.IsCausal,
        ["causal_in_training"] = gate.Defaults.IsCausalInTraining,
        ["knobs"] = GateCatalogue.Write(gate.Defaults),
    };
}

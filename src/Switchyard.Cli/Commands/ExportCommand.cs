using System.CommandLine;
using System.Text.Json.Nodes;
using Switchyard.Language.HuggingFace;
using Switchyard.Language.Runs;

namespace Switchyard.Cli.Commands;

/// <summary><c>export</c>: hands a trained model over to other software.</summary>
internal static class ExportCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<string> run = new("--run") { Description = "The folder of a training run", HelpName = "DIR", Required = true };
        Option<string[]> to = new("--to")
        {
            Description = "The format, huggingface, and the folder to write",
            HelpName = "huggingface DIR",
            Required = true,
            Arity = new ArgumentArity(2, 2),
            AllowMultipleArgumentsPerToken = true,
        };
        return new RunnableCommand(
            "export",
            "Writes a trained model as a Hugging Face checkpoint: OLMoE with experts, Llama without.",
            (parse, output, _) => Export(parse.GetRequiredValue(run), parse.GetRequiredValue(to), output),
            new Example("switchyard export --run runs/mine --to huggingface exported/", "Writes config.json, model.safetensors and tokenizer.json, which transformers loads."))
        {
            run, to,
        };
    }

    private static void Export(string folder, string[] target, Output output)
    {
        (string format, string destination) = (target[0], target[1]);
        if (format != "huggingface") throw new ArgumentException($"there is no format '{format}': give huggingface");
        using LanguageRun run = LanguageRun.Open(folder, output.Warn);
        HuggingFaceCheckpoint.Export(run.Model, run.Tokenizer, destination);
        output.WriteLine($"{run.Model.ParameterCount:N0} parameters written to {destination}");
        if (output.Json) output.Result(new JsonObject { ["format"] = format, ["folder"] = destination, ["parameters"] = run.Model.ParameterCount });
    }
}

using System.Text.Json;
using System.Text.RegularExpressions;
using Switchyard.Files;
using Switchyard.Language.Tokenizers;
using Switchyard.Language.Transformer;
using Switchyard.Modules.Safetensors;
using Switchyard.Tensors;

namespace Switchyard.Language.HuggingFace;

/// <summary>
/// Checkpoint folders as Hugging Face lays them out. There every expert's projection is a tensor of its own,
/// <c>mlp.experts.3.up_proj.weight</c>; here <c>mlp.experts.up_proj</c> holds those of all experts.
/// </summary>
public static partial class HuggingFaceCheckpoint
{
    /// <summary>Loads a model from a folder with config.json and safetensors files.</summary>
    /// <exception cref="SwitchyardException">A file is missing, damaged or of an unsupported model.</exception>
    public static DecoderModel Load(string folder)
    {
        DecoderOptions options = HuggingFaceConfig.Read(Path.Combine(folder, HuggingFaceConfig.FileName));
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder);
        DecoderModel model = new(options, new Philox(0));
        using TensorScope scope = new();
        model.Load(name => BankName().Match(name) is { Success: true } bank
            ? StackExperts(checkpoint, bank.Groups[1].Value, bank.Groups[2].Value, options.Experts)
            : checkpoint.FindFloat32(name));
        return model;
    }

    /// <summary>Writes config.json, model.safetensors and tokenizer.json, each whole or not at all.</summary>
    /// <exception cref="SwitchyardException">Hugging Face's models cannot express this one, the folder holds another kind of thing, or writing fails.</exception>
    public static void Export(LanguageModel model, Tokenizer tokenizer, string folder)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        DecoderOptions options = model.Options as DecoderOptions ?? throw new SwitchyardException($"Hugging Face has no model like the architecture '{model.Options.Architecture}'", "export a decoder");
        string config = HuggingFaceConfig.Write(HardGates.Known(options, model)).ToJsonString(new JsonSerializerOptions { WriteIndented = true });
        string configPath = Path.Combine(folder, HuggingFaceConfig.FileName);
        // A run has a file of that name too: it must not lose it.
        if (File.Exists(configPath) && !HuggingFaceConfig.IsAt(configPath))
            throw new SwitchyardException($"{configPath} is not the configuration of a Hugging Face checkpoint and is not replaced", "name another folder");
        Directory.CreateDirectory(folder);
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), Sources(model), new Dictionary<string, string> { ["format"] = "pt" });
        tokenizer.Save(folder);
        AtomicFile.WriteText(configPath, config + "\n");
    }

    /// <summary>The parameters under Hugging Face's names; experts share memory with their bank.</summary>
    public static IEnumerable<(string Name, Tensor Tensor)> NamedParameters(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Parameters().SelectMany(static parameter => Named(parameter.Name, parameter.Tensor));
    }

    /// <summary>The gradients of the parameters that have one, under Hugging Face's names.</summary>
    public static IEnumerable<(string Name, Tensor Tensor)> NamedGradients(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Parameters().Where(static parameter => parameter.Tensor.Gradient is not null).SelectMany(static parameter => Named(parameter.Name, parameter.Tensor.Gradient!));
    }

    private static IEnumerable<(string Name, Tensor Tensor)> Named(string name, Tensor tensor)
    {
        if (BankName().Match(name) is not { Success: true } bank)
        {
            yield return (name, tensor);
            yield break;
        }
        for (int expert = 0; expert < tensor.Shape[0]; expert++)
            yield return (ExpertName(bank.Groups[1].Value, expert, bank.Groups[2].Value), tensor.Slice(0, expert, expert + 1).Reshape(tensor.Shape.Without(0)));
    }

    private static IEnumerable<SafetensorsSource> Sources(LanguageModel model)
    {
        IReadOnlyDictionary<string, Tensor> routers = HardGates.Routers(model);
        return NamedParameters(model).Select(parameter => (routers.GetValueOrDefault(parameter.Name) ?? parameter.Tensor).ToSource(parameter.Name));
    }

    private static Tensor? StackExperts(SafetensorsCheckpoint checkpoint, string prefix, string projection, int experts)
    {
        Tensor[] parts = new Tensor[experts];
        for (int expert = 0; expert < experts; expert++)
        {
            string name = ExpertName(prefix, expert, projection);
            parts[expert] = checkpoint.FindFloat32(name) ?? throw new SwitchyardException($"tensor {name} is missing", "the checkpoint is incomplete, or config.json names more experts than it holds");
        }
        return Tensor.Stack(parts, 0); // [experts, out, in]
    }

    private static string ExpertName(string prefix, int expert, string projection) => $"{prefix}.experts.{expert}.{projection}.weight";

    [GeneratedRegex(@"^(.*\.mlp)\.experts\.(gate_proj|up_proj|down_proj)$")]
    private static partial Regex BankName();
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Selection;
using Switchyard.Language.Transformer;

namespace Switchyard.Language.HuggingFace;

/// <summary>The <c>config.json</c> of Hugging Face's OLMoE and Llama checkpoints, read into and written from <see cref="DecoderOptions"/>.</summary>
public static class HuggingFaceConfig
{
    /// <summary>The file's name.</summary>
    public const string FileName = "config.json";

    /// <summary>Whether a file is the configuration of a model, of whatever type.</summary>
    /// <exception cref="SwitchyardException">It cannot be read, or is not JSON.</exception>
    internal static bool IsAt(string path) => Parse(path)["model_type"] is not null;

    /// <summary>Reads a configuration. Keys that do not matter here are ignored.</summary>
    /// <exception cref="SwitchyardException">The file cannot be read, or describes a model of another kind.</exception>
    public static DecoderOptions Read(string path)
    {
        JsonObject config = Parse(path);
        string type = Text(config, "model_type", path);
        if (type is not ("olmoe" or "llama")) throw new SwitchyardException($"{path}: model type '{type}' is not supported", "models of type olmoe and llama are");
        if (HasScaledRope(config)) throw new SwitchyardException($"{path}: scaled rotary positions are not supported", "use a checkpoint whose rope_scaling is null");
        bool sparse = type == "olmoe";
        int heads = Whole(config, "num_attention_heads", path);
        return new DecoderOptions
        {
            Vocabulary = Whole(config, "vocab_size", path),
            Context = Whole(config, "max_position_embeddings", path),
            Layers = Whole(config, "num_hidden_layers", path),
            Width = Whole(config, "hidden_size", path),
            Heads = heads,
            KeyValueHeads = config["num_key_value_heads"] is null ? heads : Whole(config, "num_key_value_heads", path),
            HeadWidth = config["head_dim"] is null ? null : Whole(config, "head_dim", path),
            Hidden = Whole(config, "intermediate_size", path),
            Experts = sparse ? Whole(config, "num_experts", path) : 0,
            QueryKeyNorm = sparse,
            ClipQkv = config["clip_qkv"] is null ? null : Number(config, "clip_qkv", path),
            RopeTheta = RopeTheta(config, path),
            NormEpsilon = config["rms_norm_eps"] is null ? 1e-5 : Number(config, "rms_norm_eps", path),
            TieEmbeddings = Flag(config, "tie_word_embeddings", path),
            Routing = new TopKOptions
            {
                TopK = sparse ? Whole(config, "num_experts_per_tok", path) : 1,
                Renormalise = Flag(config, "norm_topk_prob", path) ? Renormalisation.BeforeDropping : Renormalisation.None,
            },
        };
    }

    /// <summary>Writes a model's dimensions as Hugging Face's configuration.</summary>
    /// <exception cref="SwitchyardException">The model has something that neither OLMoE nor Llama has.</exception>
    public static JsonObject Write(DecoderOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        bool sparse = options.HasExperts;
        CheckExpressible(options);
        JsonObject config = new()
        {
            ["architectures"] = new JsonArray(sparse ? "OlmoeForCausalLM" : "LlamaForCausalLM"),
            ["model_type"] = sparse ? "olmoe" : "llama",
            ["vocab_size"] = options.Vocabulary,
            ["max_position_embeddings"] = options.Context,
            ["num_hidden_layers"] = options.Layers,
            ["hidden_size"] = options.Width,
            ["num_attention_heads"] = options.Heads,
            ["num_key_value_heads"] = options.ActualKeyValueHeads,
            ["intermediate_size"] = sparse ? options.Hidden : options.ActualDenseHidden,
            ["hidden_act"] = "silu",
            ["attention_bias"] = false,
            ["attention_dropout"] = 0.0,
            ["initializer_range"] = options.ActualDeviation,
            ["rms_norm_eps"] = options.NormEpsilon,
            ["rope_theta"] = options.RopeTheta,
            ["rope_scaling"] = null,
            ["tie_word_embeddings"] = options.TieEmbeddings,
            ["use_cache"] = true,
            ["bos_token_id"] = null,
            ["eos_token_id"] = null,
            ["pad_token_id"] = null,
            ["torch_dtype"] = "float32",
        };
        if (sparse)
        {
            TopKOptions routing = (TopKOptions)options.Routing;
            config["num_experts"] = options.Experts;
            config["num_experts_per_tok"] = routing.TopK;
            config["norm_topk_prob"] = routing.ActualRenormalise != Renormalisation.None || routing.Weights == CombineWeights.SoftmaxOverChosen;
            config["clip_qkv"] = options.ClipQkv;
            config["router_aux_loss_coef"] = routing.BalanceCoefficient;
            config["output_router_logits"] = false;
        }
        else
        {
            config["head_dim"] = options.ActualHeadWidth;
            config["mlp_bias"] = false;
        }
        return config;
    }

    private static void CheckExpressible(DecoderOptions options)
    {
        const string Hint = "train a model with experts in every layer, top-k of a softmax over all of them and no shared expert, or a dense one with query_key_norm false";
        string? obstacle = !options.HasExperts
            ? options.QueryKeyNorm ? "a dense model with q/k norm" : options.ClipQkv is not null ? "a dense model with clipped q, k and v" : null
            : options.MixtureEvery != 1 ? $"experts only in one layer of {options.MixtureEvery}"
            : options.SharedHidden != 0 ? "a shared expert"
            : options.ActualHeadWidth * options.Heads != options.Width ? $"a head width of {options.ActualHeadWidth}, which is not width / heads"
            : GateObstacle(options.Routing);
        if (obstacle is not null) throw new SwitchyardException($"Hugging Face's {(options.HasExperts ? "OLMoE" : "Llama")} cannot express {obstacle}", Hint);
    }

    /// <summary>What in evaluation is not a softmax over all experts and the k largest of it, weighted by it.</summary>
    private static string? GateObstacle(GateOptions options)
        => options is not TopKOptions routing || options.GetType() != typeof(TopKOptions) && options is not (SwitchOptions or Top2Options) ? $"the gate '{GateCatalogue.NameOf(options)}'"
            : routing.Score != ScoreFunction.Softmax ? "a score that is no softmax"
            : routing.Weights == CombineWeights.One || routing.Norm != 1 || routing.Scale != 1 ? "combine weights other than probabilities"
            : routing.EvaluationCapacityFactor is not null ? "a capacity in evaluation"
            : null;

    private static JsonObject Parse(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(path)) as JsonObject ?? throw new SwitchyardException($"{path}: a JSON object was expected", "give the folder of a Hugging Face checkpoint");
        }
        catch (JsonException error)
        {
            throw new SwitchyardException($"{path}: not JSON, line {error.LineNumber + 1}", "the file is damaged: fetch the checkpoint again", error);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SwitchyardException($"{path}: no such file", "give the folder of a Hugging Face checkpoint", error);
        }
    }

    // Published checkpoints have rope_theta and rope_scaling; transformers 5 writes rope_parameters.
    private static bool HasScaledRope(JsonObject config)
        => config["rope_scaling"] is not null || config["rope_parameters"]?["rope_type"]?.ToString() is not (null or "default");

    private static double RopeTheta(JsonObject config, string path)
        => config["rope_parameters"] is JsonObject parameters ? Number(parameters, "rope_theta", path)
            : config["rope_theta"] is null ? 10000
            : Number(config, "rope_theta", path);

    private static string Text(JsonObject config, string key, string path)
        => config[key] is JsonValue value && value.TryGetValue(out string? text) ? text : throw Wrong(config, key, "a text", path);

    private static int Whole(JsonObject config, string key, string path)
        => config[key] is JsonValue value && value.TryGetValue(out int number) ? number : throw Wrong(config, key, "a whole number", path);

    private static double Number(JsonObject config, string key, string path)
        => config[key] is JsonValue value && value.TryGetValue(out double number) ? number : throw Wrong(config, key, "a number", path);

    private static bool Flag(JsonObject config, string key, string path)
        => config[key] is { } value && (value.GetValueKind() switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Wrong(config, key, "true or false", path),
        });

    private static SwitchyardException Wrong(JsonObject config, string key, string expected, string path)
        => new(string.Create(CultureInfo.InvariantCulture, $"{path}: {key} is {config[key]?.ToJsonString() ?? "missing"}, {expected} was expected"), "give the folder of a Hugging Face checkpoint of type olmoe or llama");
}

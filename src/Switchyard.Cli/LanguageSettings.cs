using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Language.Runs;

namespace Switchyard.Cli;

/// <summary>The options that decide how a model of text is made and learns: each stands for a key of a run's <c>config.json</c>.</summary>
internal sealed class LanguageSettings
{
    // The defaults for texts of a hundred kilobytes, a megabyte and a hundred megabytes.
    private static readonly Lazy<JsonObject[]> SizeDefaults = new(static () =>
        [.. new long[] { 100_000, 1_000_000, 100_000_000 }.Select(static bytes => LanguageRunJson.Write(LanguageRunOptions.For("text", bytes)))]);

    private readonly Option<string[]> _knobs = new("--knob") { Description = "Turns a knob of the gate, such as groups=4; may be given again", HelpName = "KEY=VALUE" };
    private readonly List<(Option Option, string Key, Func<ParseResult, JsonNode?> Value)> _settings = [];

    /// <summary>Makes the options.</summary>
    public LanguageSettings()
    {
        AddText("--task", "task", "lm predicts the next token, mlm guesses hidden ones, translation learns from pairs of lines", "NAME");
        AddText("--tokenizer", "tokenizer", "bytes, or bpe:N to learn byte pairs from the text", "KIND");
        AddText("--recipe", "recipe", "A list of phases, each with a gate of its own: evomoe, switch, base, hash, stablemoe, dense, or a variation; see docs/evomoe.md", "NAME");
        AddText("--from", "from", "Begins with the weights of a dense model: the folder of a run, or of a checkpoint of Hugging Face", "DIR");
        AddText("--architecture", "model.architecture", "decoder, or lstm-moe: an LSTM, a mixture and an LSTM; mlm has an encoder, translation an encoder-decoder", "NAME");
        AddWhole("--layers", "model.layers", "Transformer blocks");
        AddWhole("--decoder-layers", "model.decoder_layers", "Blocks of a translator's decoder; without it as many as the encoder has");
        AddWhole("--width", "model.width", "Length of a hidden vector");
        AddWhole("--heads", "model.heads", "Attention heads");
        AddWhole("--kv-heads", "model.key_value_heads", "Key/value heads, each shared by several heads");
        AddWhole("--hidden", "model.hidden", "Inner width of each expert");
        AddWhole("--experts", "model.experts", "Experts in a mixture layer; 0 trains a dense model");
        AddWhole("--top-k", "model.routing.top_k", "Experts that see each token", "K");
        AddText("--gate", "model.gate", "Which gate; 'switchyard gates' lists them with their knobs", "NAME");
        AddNumber("--capacity-factor", "model.routing.capacity_factor", "Slots per expert as a multiple of an even share; without it no token is dropped");
        AddNumber("--balance", "model.routing.balance_coefficient", "Weight of the load-balance loss");
        AddNumber("--z-loss", "model.routing.z_coefficient", "Weight of the router z-loss");
        AddFlag("--shared-mix", "model.shared_mix", "The expert that sees every token is weighed by a sigmoid that is learnt");
        AddWhole("--mixture-every", "model.mixture_every", "Every n-th layer has experts, the others are dense");
        AddWhole("--decoder-mixture-every", "model.decoder_mixture_every", "The same of a translator's decoder; 0 for no experts there");
        AddWhole("--shared-hidden", "model.shared_hidden", "Inner width of an expert that sees every token; 0 for none");
        AddFlag("--recompute", "model.recompute", "Computes the experts once more in the backward pass instead of keeping what they computed: less memory, more time");
        AddWhole("--context", "model.context", "Tokens that the model sees at once");
        AddNumber("--dropout", "model.dropout", "Share of hidden numbers dropped while training");
        AddNumber("--masked", "masking.share", "Share of the tokens that mlm hides");
        AddNumber("--label-smoothing", "learning.label_smoothing", "How much of each target is shared among all tokens");
        AddWhole("--tokens", "learning.tokens", "Tokens to train on");
        AddWhole("--steps", "learning.steps", "Optimiser steps to train for");
        AddNumber("--flops", "learning.flops", "Floating-point operations to train for");
        AddNumber("--minutes", "learning.minutes", "Minutes to train for");
        AddWhole("--batch", "learning.batch", "Windows, or pairs of lines, per micro-batch");
        AddWhole("--micro-batches", "learning.micro_batches", "Micro-batches per optimiser step");
        AddNumber("--learning-rate", "learning.learning_rate", "The largest learning rate");
        AddWhole("--warm-up", "learning.warm_up_steps", "Steps over which the learning rate rises");
        AddNumber("--weight-decay", "learning.weight_decay", "Decay of matrices");
        AddWhole("--evaluate-every", "learning.evaluate_every", "Steps between evaluations on the held-out text");
        AddWhole("--checkpoint-every", "learning.checkpoint_every", "Steps between checkpoints");
        Add<ulong>("--seed", "learning.seed", "Seed of the random numbers; the same seed gives the same result", "N", static value => value);
    }

    /// <summary>Gives the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach ((Option option, _, _) in _settings) command.Add(option);
        command.Add(_knobs);
    }

    /// <summary>What somebody has given, in the form of a <c>config.json</c>.</summary>
    /// <exception cref="ArgumentException">Some of it is no setting, or speaks against the rest.</exception>
    public JsonObject Changes(ParseResult parse)
    {
        JsonObject changes = [];
        foreach ((Option option, string key, Func<ParseResult, JsonNode?> value) in _settings)
        {
            if (parse.GetResult(option) is not { Implicit: false }) continue;
            Set(changes, key, value(parse));
        }
        foreach (string knob in parse.GetValue(_knobs) ?? [])
        {
            if (knob.Split('=', 2) is not [{ Length: > 0 } key, { Length: > 0 } text]) throw new ArgumentException($"'{knob}' turns no knob: give KEY=VALUE, such as groups=4");
            Set(changes, $"model.routing.{key}", KnobValue(text));
        }
        if (changes.ContainsKey("recipe") && changes["model"] is JsonObject model && (model.ContainsKey("gate") || model.ContainsKey("routing")))
            throw new ArgumentException("a recipe says which gate is used when: give no gate and no knobs beside it, but change the phases in a file for --config");
        return changes;
    }

    private static void Set(JsonObject changes, string key, JsonNode? value)
    {
        JsonObject place = changes;
        string[] path = key.Split('.');
        foreach (string part in path[..^1])
        {
            if (place[part] is not JsonObject inner) place[part] = inner = [];
            place = inner;
        }
        place[path[^1]] = value;
    }

    /// <summary>A number, true, false or null as such; every other word as text.</summary>
    private static JsonNode? KnobValue(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return text;
        }
    }

    private void AddFlag(string name, string key, string description) => Add<bool>(name, key, description, "", static value => value);

    private void AddText(string name, string key, string description, string helpName) => Add<string>(name, key, description, helpName, static value => value);

    private void AddWhole(string name, string key, string description, string helpName = "N") => Add<long>(name, key, description, helpName, static value => value);

    private void AddNumber(string name, string key, string description) => Add<double>(name, key, description, "X", static value => value).AcceptFinite();

    private Option<T> Add<T>(string name, string key, string description, string helpName, Func<T, JsonNode?> toJson)
    {
        Option<T> option = new(name) { Description = description + DefaultOf(key), HelpName = helpName };
        _settings.Add((option, key, parse => parse.GetValue(option) is { } value ? toJson(value) : null));
        return option;
    }

    // What a setting is where nobody gives it; some depend on the text.
    private static string DefaultOf(string key)
    {
        string?[] values = [.. SizeDefaults.Value.Select(options => key.Split('.').Aggregate<string, JsonNode?>(options, static (node, part) => node?[part])?.ToString()).Distinct()];
        return values is [null] ? "" : values is [string one] ? $" [default: {one}]" : " [default: by the size of the text]";
    }
}

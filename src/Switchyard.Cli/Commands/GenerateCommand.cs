using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Switchyard.Language;
using Switchyard.Language.Generation;
using Switchyard.Language.Runs;
using Switchyard.Language.Tokenizers;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli.Commands;

/// <summary><c>generate</c>: text from a trained model, as it comes.</summary>
internal static class GenerateCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<string> run = new("--run") { Description = "The folder of a training run, or of a checkpoint of Hugging Face", HelpName = "DIR", Required = true };
        Option<string> prompt = new("--prompt") { Description = "The text to continue; '-' reads it from standard input", HelpName = "TEXT", Required = true };
        Option<int> maxTokens = new("--max-tokens") { Description = "Tokens to generate", HelpName = "N", DefaultValueFactory = _ => 300 };
        maxTokens.AcceptAtLeast(1);
        Option<double> temperature = new("--temperature") { Description = "How freely tokens are drawn; 0 takes the most likely", HelpName = "X", DefaultValueFactory = _ => 0.8 };
        Option<int> topK = new("--top-k") { Description = "Draw among the k most likely tokens; 0 for all", HelpName = "K", DefaultValueFactory = _ => 0 };
        Option<double> topP = new("--top-p") { Description = "Draw among the most likely tokens that together reach this probability", HelpName = "X", DefaultValueFactory = _ => 1 };
        Option<bool> allowNonCausal = new("--allow-non-causal") { Description = "Generates also with a gate that, in training, looked at later tokens" };
        Option<ulong> seed = SharedOptions.Seed();
        Option<int> threads = SharedOptions.Threads();
        return new RunnableCommand(
            "generate",
            "Continues a prompt with a trained model, token by token.",
            (parse, output, interrupted) =>
            {
                WorkerPool.Threads = parse.GetValue(threads);
                SamplingOptions options = new() { Temperature = parse.GetValue(temperature), TopK = parse.GetValue(topK), TopP = parse.GetValue(topP) };
                string text = parse.GetRequiredValue(prompt);
                Generate(parse.GetRequiredValue(run), text == "-" ? Console.In.ReadToEnd() : text, parse.GetValue(maxTokens), parse.GetValue(allowNonCausal), new Sampler(options, new Philox(parse.GetValue(seed))), output, interrupted);
            },
            new Example("switchyard generate --run runs/mine --prompt \"ROMEO:\"", "Continues the prompt with 300 tokens."),
            new Example("switchyard generate --run runs/mine --prompt \"Once\" --temperature 0 --max-tokens 50", "Takes the most likely token each time."))
        {
            run, prompt, maxTokens, temperature, topK, topP, allowNonCausal, seed, threads,
        };
    }

    private static void Generate(string folder, string prompt, int maxTokens, bool allowNonCausal, Sampler sampler, Output output, CancellationToken interrupted)
    {
        using LanguageRun run = LanguageRun.Open(folder, output.Warn);
        CausalModel model = run.Causal;
        if (model.Options is { HasExperts: true, Routing.IsCausal: false } && !allowNonCausal)
            throw new SwitchyardException($"the gate '{model.Options.Gate}' looks at later tokens, which are not there when text is made token by token", "train with a causal gate ('switchyard gates' lists them), or give --allow-non-causal and expect worse text");
        int[] ids = run.Tokenizer.Encode(prompt);
        if (ids.Length == 0) throw new ArgumentException("the prompt is empty: give at least one character");
        output.Write(prompt);
        List<int> tokens = [];
        StreamingDecoder decoder = new(run.Tokenizer);
        long started = Stopwatch.GetTimestamp();
        foreach (int token in new TextGenerator(model, sampler).Continue(ids).Take(maxTokens))
        {
            tokens.Add(token);
            output.Write(decoder.Push(token));
            if (interrupted.IsCancellationRequested) break;
        }
        output.Write(decoder.Flush());
        output.WriteLine();
        double rate = tokens.Count / Stopwatch.GetElapsedTime(started).TotalSeconds;
        output.Say($"{tokens.Count} tokens, {rate:f0} tokens/s");
        if (output.Json)
        {
            output.Result(new JsonObject
            {
                ["prompt"] = prompt,
                ["text"] = run.Tokenizer.Decode([.. tokens]),
                ["tokens"] = new JsonArray([.. tokens.Select(static token => (JsonNode)token)]),
                ["tokens_per_second"] = rate,
            });
        }
    }
}

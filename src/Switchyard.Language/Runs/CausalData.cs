using Switchyard.Experts.Gates;
using Switchyard.Language.Text;
using Switchyard.Language.Tokenizers;

namespace Switchyard.Language.Runs;

/// <summary>A text whose next token is to be predicted.</summary>
internal sealed class CausalData(string? data) : TextData(data)
{
    public override Lesson Encode(LanguageRunOptions options, Tokenizer tokenizer)
    {
        TokenStream heldOut = TokenStream.Encode($"the held-out part of {Corpus.Name}", tokenizer, Corpus.HeldOut);
        TokenStream training = TokenStream.Encode($"the training part of {Corpus.Name}", tokenizer, Corpus.Training);
        WindowSampler windows = new(training, options.Model.Context, options.Learning.Seed);
        EvaluationWindows evaluation = new(heldOut, options.Model.Context);
        return new Lesson(
            new TokenStatistics(training.Tokens.ToArray(), options.Model.Vocabulary),
            evaluation.Predictions,
            model => new CausalTask(Fitting<CausalModel>(model, options), tokenizer, windows, evaluation, options.Learning) { Generated = Generated });
    }
}

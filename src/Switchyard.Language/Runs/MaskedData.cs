using Switchyard.Experts.Gates;
using Switchyard.Language.Masking;
using Switchyard.Language.Text;
using Switchyard.Language.Tokenizers;
using Switchyard.Language.Transformer;

namespace Switchyard.Language.Runs;

/// <summary>A text whose hidden tokens are to be guessed.</summary>
internal sealed class MaskedData(string? data) : TextData(data)
{
    protected override IReadOnlyList<string> Marks => [MaskFiller.Mark];

    public override Lesson Encode(LanguageRunOptions options, Tokenizer tokenizer)
    {
        TokenStream heldOut = TokenStream.Encode($"the held-out part of {Corpus.Name}", tokenizer, Corpus.HeldOut);
        TokenStream training = TokenStream.Encode($"the training part of {Corpus.Name}", tokenizer, Corpus.Training);
        // A window has one token more than the context that the sampler is told, and here all of them are read.
        WindowSampler windows = new(training, options.Model.Context - 1, options.Learning.Seed);
        EvaluationWindows evaluation = new(heldOut, options.Model.Context);
        return new Lesson(
            new TokenStatistics(training.Tokens.ToArray(), options.Model.Vocabulary),
            (long)evaluation.Count * evaluation.WindowLength,
            model => new MaskedTask(Fitting<EncoderModel>(model, options), tokenizer, options.Masking, windows, evaluation, options.Learning));
    }
}

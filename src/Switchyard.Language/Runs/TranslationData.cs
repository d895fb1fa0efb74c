using Switchyard.Experts.Gates;
using Switchyard.Language.Tokenizers;
using Switchyard.Language.Transformer;
using Switchyard.Language.Translation;

namespace Switchyard.Language.Runs;

/// <summary>Sentences and their translations.</summary>
internal sealed class TranslationData : TaskData
{
    // One pair of so many is held out where no files are given for that.
    private const int HeldOutShare = 20;

    private readonly ParallelText _training;
    private readonly ParallelText _heldOut;

    public TranslationData(string? data)
    {
        if (data is null) throw new ArgumentException("there is no built-in text to translate: give --data SOURCE,TARGET, two files of which every line of the one is the translation of the same line of the other");
        Place = ParallelFiles.FullPath(data);
        ParallelFiles files = ParallelFiles.Find(Place);
        ParallelText all = ParallelText.Load(files.Source, files.Target);
        if (files.HeldOut is { } heldOut)
        {
            (_training, _heldOut) = (all, ParallelText.Load(heldOut.Source, heldOut.Target));
            return;
        }
        if (all.Pairs < 2) throw new SwitchyardException($"{all.Name} hold {all.Pairs} pair, and one has to be held out", "give two pairs or more");
        int cut = all.Pairs - Math.Max(1, all.Pairs / HeldOutShare);
        (_training, _heldOut) = (all.Part(..cut), all.Part(cut..));
    }

    public override string Name => _training.Name;

    public override long Bytes => _training.Bytes;

    public override string? Place { get; }

    public override string Checksum() => _training.Checksum() + _heldOut.Checksum();

    protected override IReadOnlyList<string> Marks => TranslationMarks.Texts;

    /// <summary>Both languages: one vocabulary serves them.</summary>
    protected override IEnumerable<ReadOnlyMemory<byte>> TrainingTexts => _training.Source.Concat(_training.Target);

    public override Lesson Encode(LanguageRunOptions options, Tokenizer tokenizer)
    {
        TokenPairs training = TokenPairs.Encode(_training, tokenizer, options.Model.Context), heldOut = TokenPairs.Encode(_heldOut, tokenizer, options.Model.Context);
        PairSampler pairs = new(training.All, options.Learning.Batch, options.Learning.Seed);
        return new Lesson(
            new TokenStatistics(training.Tokens.ToArray(), options.Model.Vocabulary),
            heldOut.Predictions,
            model => new TranslationTask(Fitting<EncoderDecoderModel>(model, options), tokenizer, pairs, heldOut, options.Learning))
        {
            Remark = training.TooLong + heldOut.TooLong is > 0 and var tooLong
                ? $"{tooLong} of {_training.Pairs + _heldOut.Pairs} pairs have {options.Model.Context} tokens or more on one side and are left out; --context makes room for them"
                : null,
        };
    }
}

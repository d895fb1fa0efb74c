using Switchyard.Language.Text;

namespace Switchyard.Language.Runs;

/// <summary>A text of which the last tenth is held out.</summary>
internal abstract class TextData : TaskData
{
    // Large enough that a model of a few million parameters does not know it by heart.
    private const int GeneratedBytes = 1 << 20;

    private readonly TextSource _source;

    protected TextData(string? data)
    {
        Place = data is null ? null : Path.GetFullPath(data);
        Generated = data is null ? GeneratedCorpus.Generate(0, GeneratedBytes) : null;
        _source = Generated?.Source ?? TextSource.Load(Place!);
        Corpus = TextCorpus.Split(_source);
    }

    public override string Name => _source.Name;

    public override long Bytes => _source.Bytes;

    public override string? Place { get; }

    public override string Checksum() => _source.Checksum();

    protected GeneratedCorpus? Generated { get; }

    protected TextCorpus Corpus { get; }

    protected override IEnumerable<ReadOnlyMemory<byte>> TrainingTexts => Corpus.Training.Select(static document => document.Utf8);
}

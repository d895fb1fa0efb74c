using Switchyard.Language.Text;
using Switchyard.Tensors;

namespace Switchyard.Language.Translation;

/// <summary>Pairs side by side, each filled up with padding to the longest, that of other ranks included.</summary>
internal sealed class PairBatch
{
    /// <summary>What stands as a target where there is nothing to predict: what cross-entropy ignores.</summary>
    private const int Ignored = -100;

    /// <summary>Fills a batch, or a rank's share of it.</summary>
    /// <param name="pairs">All pairs of the batch.</param>
    /// <param name="marks">The marks of the vocabulary.</param>
    /// <param name="some">Which of them are this rank's; null for all.</param>
    public PairBatch(IReadOnlyList<TokenPair> pairs, TranslationMarks marks, BatchShare? some = null)
    {
        BatchShare share = some ?? BatchShare.Of(pairs.Count, null);
        int sourceLength = pairs.Max(static pair => pair.Source.Length) + 1, targetLength = pairs.Max(static pair => pair.Target.Length) + 1;
        Source = Tensor.Full([share.Count, sourceLength], marks.Padding, ElementType.Int32);
        SourceMask = Tensor.Zeros([share.Count, sourceLength], ElementType.Int32);
        Inputs = Tensor.Full([share.Count, targetLength], marks.Padding, ElementType.Int32);
        InputMask = Tensor.Zeros([share.Count, targetLength], ElementType.Int32);
        Targets = Tensor.Full([share.Count * targetLength], Ignored, ElementType.Int32);
        for (int i = 0; i < share.Count; i++)
        {
            (int[] source, int[] target) = (pairs[share.First + i].Source, pairs[share.First + i].Target);
            Write(Source, i * sourceLength, [.. source, marks.End]);
            SourceMask.AsSpan<int>().Slice(i * sourceLength, source.Length + 1).Fill(1);
            Write(Inputs, i * targetLength, [marks.Start, .. target]);
            InputMask.AsSpan<int>().Slice(i * targetLength, target.Length + 1).Fill(1);
            Write(Targets, i * targetLength, [.. target, marks.End]);
            Predictions += target.Length + 1;
        }
    }

    /// <summary>What is read, Int32 [pairs, longest source and its end].</summary>
    public Tensor Source { get; }

    /// <summary>1 for a token and 0 for padding, of the shape of <see cref="Source"/>.</summary>
    public Tensor SourceMask { get; }

    /// <summary>What the decoder sees, Int32 [pairs, start and longest target].</summary>
    public Tensor Inputs { get; }

    /// <summary>1 for a token and 0 for padding, of the shape of <see cref="Inputs"/>.</summary>
    public Tensor InputMask { get; }

    /// <summary>What it is to predict, Int32 [pairs · (longest target and its end)].</summary>
    public Tensor Targets { get; }

    /// <summary>How many tokens are to be predicted.</summary>
    public long Predictions { get; }

    private static void Write(Tensor to, int start, ReadOnlySpan<int> tokens) => tokens.CopyTo(to.AsSpan<int>()[start..]);
}

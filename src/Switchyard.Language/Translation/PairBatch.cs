using Switchyard.Tensors;

namespace Switchyard.Language.Translation;

/// <summary>Pairs side by side, each filled up with padding to the longest.</summary>
internal sealed class PairBatch
{
    /// <summary>What stands as a target where there is nothing to predict: what cross-entropy ignores.</summary>
    private const int Ignored = -100;

    public PairBatch(IReadOnlyList<TokenPair> pairs, TranslationMarks marks)
    {
        int sourceLength = pairs.Max(static pair => pair.Source.Length) + 1, targetLength = pairs.Max(static pair => pair.Target.Length) + 1;
        Source = Tensor.Full([pairs.Count, sourceLength], marks.Padding, ElementType.Int32);
        SourceMask = Tensor.Zeros([pairs.Count, sourceLength], ElementType.Int32);
        Inputs = Tensor.Full([pairs.Count, targetLength], marks.Padding, ElementType.Int32);
        InputMask = Tensor.Zeros([pairs.Count, targetLength], ElementType.Int32);
        Targets = Tensor.Full([pairs.Count * targetLength], Ignored, ElementType.Int32);
        for (int i = 0; i < pairs.Count; i++)
        {
            (int[] source, int[] target) = (pairs[i].Source, pairs[i].Target);
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

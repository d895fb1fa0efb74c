using Switchyard.Experts.Gates;
using Switchyard.Tensors;

namespace Switchyard.Language;

/// <summary>What gates may look at beside hidden vectors: the ids of a batch, those before them, and their places.</summary>
internal static class TokenContext
{
    /// <summary>The context of a batch.</summary>
    /// <param name="ids">Int32 [batch, tokens].</param>
    /// <param name="random">Router noise; null for none.</param>
    /// <param name="first">The place of the first token of each sequence.</param>
    /// <param name="last">The token before the first one of each sequence [batch]; empty where there is none.</param>
    /// <param name="mask">1 for a token and 0 for padding, Int32 [batch, tokens]; null where all are tokens.</param>
    public static RoutingContext Of(Tensor ids, Philox? random, int first = 0, ReadOnlySpan<int> last = default, Tensor? mask = null)
    {
        int batch = ids.Shape[0], length = ids.Shape[1];
        Tensor previous = Tensor.Empty([batch * length], ElementType.Int32), places = Tensor.Empty([batch * length], ElementType.Int32);
        ReadOnlySpan<int> id = ids.AsReadOnlySpan<int>();
        Span<int> before = previous.AsSpan<int>(), place = places.AsSpan<int>();
        for (int sequence = 0; sequence < batch; sequence++)
        {
            int start = sequence * length;
            id.Slice(start, length - 1).CopyTo(before[(start + 1)..]);
            before[start] = last.IsEmpty ? id[start] : last[sequence];
            for (int i = 0; i < length; i++) place[start + i] = first + i;
        }
        return new RoutingContext(random)
        {
            TokenIds = ids.Reshape([batch * length]),
            PreviousIds = previous,
            Positions = places,
            Sequences = batch,
            Mask = mask?.Reshape([batch * length]),
        };
    }

    /// <summary>The place of each token in its sequence, the same for all, Int32 [length]; also where a rank has no sequence.</summary>
    public static Tensor Places(in RoutingContext context, int length)
        => context.Positions!.Elements == 0 ? Tensor.Zeros([length], ElementType.Int32) : context.Positions.Slice(0, 0, length);
}

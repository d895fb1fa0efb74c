using Switchyard.Language.Masking;
using Switchyard.Tensors;

namespace Switchyard.Tests.Language.Masking;

public sealed class MaskedWindowsTests
{
    private const int Mask = 9;

    [Theory]
    [InlineData(MaskRouting.PreviousToken, new[] { 9, 9, 1, 1, 1, 2, 3, 4, 4, 5 })]
    [InlineData(MaskRouting.Position, new[] { 0, 1, 1, 3, 4, 2, 3, 4, 3, 5 })]
    [InlineData(MaskRouting.Mask, new[] { 9, 9, 1, 9, 9, 2, 3, 4, 9, 5 })]
    public void Gates_by_id_see_what_was_asked_for_at_a_mask(MaskRouting routing, int[] expected)
    {
        using TensorScope scope = new();
        Tensor ids = MaskedWindows.RoutingIds([9, 9, 1, 9, 9, 2, 3, 4, 9, 5], [2, 5], Mask, routing, 10);
        Assert.Equal(expected, ids.ToArray<int>());
    }

    [Fact]
    public void The_same_stream_hides_the_same_tokens_and_each_is_found_again()
    {
        using TensorScope scope = new();
        int[] window = [.. Enumerable.Range(0, 40).Select(static place => place % Mask)];
        TokenMasker masker = new(new(), 10, Mask, static id => id == Mask);
        MaskedWindows first = new(2, 40), second = new(1, 40);
        first.Add(0, window, masker, new Philox(1).Split(5));
        first.Add(1, window, masker, new Philox(1).Split(6));
        second.Add(0, window, masker, new Philox(1).Split(6));
        Assert.Equal(first.Ids.ToArray<int>()[40..], second.Ids.ToArray<int>());
        Assert.NotEqual(first.Ids.ToArray<int>()[..40], second.Ids.ToArray<int>());
        Assert.Equal(12, first.Guessed); // ⌊0.15 · 40 + u⌋ twice
        foreach ((int place, int target) in first.Places.ToArray<int>().Zip(first.Targets.ToArray<int>())) Assert.Equal(window[place % 40], target);
    }

    [Fact]
    public void A_window_of_one_token_still_has_something_to_guess()
    {
        int[] labels = new int[1];
        new TokenMasker(new(), 10, Mask, static _ => false).Mask([3], labels, new Philox(0));
        Assert.Equal([3], labels);
    }

    [Theory]
    [InlineData(0, 0.8, 0.1)]
    [InlineData(1.1, 0.8, 0.1)]
    [InlineData(0.15, 0.8, 0.3)]
    [InlineData(0.15, -0.1, 0.3)]
    public void Shares_out_of_range_are_refused(double share, double mask, double random)
        => Assert.Throws<ArgumentException>(() => new MaskingOptions { Share = share, MaskShare = mask, RandomShare = random }.Check());
}

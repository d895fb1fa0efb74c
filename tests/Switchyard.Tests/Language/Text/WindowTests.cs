using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Switchyard.Language.Text;
using Switchyard.Language.Tokenizers;

namespace Switchyard.Tests.Language.Text;

public sealed class WindowTests
{
    /// <summary>Whatever the lengths: in every epoch each window is visited once, none overlap, and little is left out.</summary>
    [Fact]
    public void AnEpochVisitsEveryTokenOnce() =>
        Prop.ForAll(
            Gen.Choose(2, 600).SelectMany(tokens => Gen.Choose(1, Math.Min(tokens - 1, 40)).Select(context => (tokens, context)))
                .Zip(Gen.Choose(0, 1000)).ToArbitrary(),
            one =>
            {
                ((int tokens, int context), int seed) = one;
                WindowSampler sampler = new(Stream(tokens), context, (ulong)seed);
                for (int epoch = 0; epoch < 3; epoch++)
                {
                    int[] starts = [.. Enumerable.Range(0, sampler.WindowsPerEpoch)
                        .Select(n => sampler.Start((long)epoch * sampler.WindowsPerEpoch + n)).Order()];
                    Assert.InRange(starts[0], 0, context);
                    for (int i = 1; i < starts.Length; i++) Assert.Equal(starts[i - 1] + context + 1, starts[i]);
                    Assert.InRange(tokens - starts[^1] - (context + 1), 0, 2 * context);
                }
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void AWindowDoesNotDependOnHistory()
    {
        TokenStream stream = Stream(10_000);
        WindowSampler straight = new(stream, 16, 5);
        int[] starts = [.. Enumerable.Range(0, 2000).Select(n => straight.Start(n))];
        WindowSampler resumed = new(stream, 16, 5);
        for (int n = 1999; n >= 0; n -= 7)
        {
            Assert.Equal(starts[n], resumed.Start(n));
            Assert.Equal(stream.Tokens.Slice(starts[n], 17), resumed.Window(n));
        }
    }

    [Fact]
    public void SeedsAndEpochsDiffer()
    {
        TokenStream stream = Stream(10_000);
        WindowSampler one = new(stream, 16, 5), other = new(stream, 16, 6);
        int windows = one.WindowsPerEpoch;
        int[] first = [.. Enumerable.Range(0, windows).Select(n => one.Start(n))];
        Assert.NotEqual(first, Enumerable.Range(0, windows).Select(n => one.Start(windows + n)));
        Assert.NotEqual(first, Enumerable.Range(0, windows).Select(n => other.Start(n)));
        Assert.NotEqual(first, first.Order());

        // The offsets of the epochs differ too, so that no pair of neighbours is for ever on both sides of a cut.
        int[] offsets = [.. Enumerable.Range(0, 200).Select(epoch => one.Start((long)epoch * windows) % 17).Distinct()];
        Assert.Equal(17, offsets.Length);
    }

    [Fact]
    public void TheOrderOfAnEpochIsSpreadEvenly()
    {
        // The mean place of the first hundred windows of many epochs: uniform places have it within five standard errors.
        WindowSampler sampler = new(Stream(100_000), 9, 11);
        double[] places = [.. Enumerable.Range(0, 50).SelectMany(epoch =>
            Enumerable.Range(0, 100).Select(n => (double)(sampler.Start((long)epoch * sampler.WindowsPerEpoch + n) / 10) / sampler.WindowsPerEpoch))];
        Assert.InRange(places.Average(), 0.5 - 5 * Math.Sqrt(1 / 12.0 / places.Length), 0.5 + 5 * Math.Sqrt(1 / 12.0 / places.Length));
    }

    [Fact]
    public void EvaluationWindowsTileTheText()
    {
        EvaluationWindows windows = new(Stream(103), 10);
        Assert.Equal(10, windows.Count);
        Assert.Equal(90, windows.Predictions);
        Assert.Equal(Enumerable.Range(0, 100).Select(n => n % 251), Enumerable.Range(0, 10).SelectMany(n => windows[n].ToArray()));
        Assert.Throws<ArgumentOutOfRangeException>(() => windows[10].Length);
    }

    [Fact]
    public void AStreamShorterThanAWindowIsRefused()
    {
        Assert.Equal(1, new WindowSampler(Stream(17), 16, 0).WindowsPerEpoch);
        SwitchyardException training = Assert.Throws<SwitchyardException>(() => new WindowSampler(Stream(16), 16, 0));
        Assert.Equal("numbers has 16 tokens, fewer than one window of 17", training.Message);
        Assert.Throws<SwitchyardException>(() => new EvaluationWindows(Stream(15), 16));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EvaluationWindows(Stream(15), 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WindowSampler(Stream(15), 0, 0));
    }

    [Fact]
    public void AStreamJoinsItsDocuments()
    {
        TextDocument[] documents = [new("a", Encoding.UTF8.GetBytes("añ")), new("b", Encoding.UTF8.GetBytes("z"))];
        TokenStream stream = TokenStream.Encode("both", new ByteTokenizer(), documents);
        Assert.Equal([0x61, 0xC3, 0xB1, 0x7A], stream.Tokens.ToArray());
        Assert.Equal(4, stream.Bytes);
    }

    private static TokenStream Stream(int tokens) => TokenStream.Encode("numbers", new ByteTokenizer(),
        [new TextDocument("numbers", Enumerable.Range(0, tokens).Select(n => (byte)(n % 251)).ToArray())]);
}

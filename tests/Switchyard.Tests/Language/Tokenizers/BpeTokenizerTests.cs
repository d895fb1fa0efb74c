using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Switchyard.Language.Tokenizers;

namespace Switchyard.Tests.Language.Tokenizers;

public sealed class BpeTokenizerTests
{
    private const string Sample =
        "the quick brown fox's tail, the quicker brown foxes' tails; they'll run 1234 miles — über die Straße.\n\n  aaaa bbbb\taaaa\n";

    [Fact]
    public void DecodingGivesTheTextBack()
    {
        foreach (bool split in (bool[])[true, false])
        {
            BpeTokenizer tokenizer = new BpeTrainer(300) { SplitsWords = split, SpecialTokens = ["<eos>"] }.Train(Encoding.UTF8.GetBytes(Sample));
            Prop.ForAll<NonNull<string>>(text =>
            {
                byte[] utf8 = Encoding.UTF8.GetBytes(text.Get);
                Assert.Equal(utf8, tokenizer.DecodeBytes(tokenizer.Encode(utf8)));
            }).QuickCheckThrowOnFailure();
            Assert.Equal(Sample, tokenizer.Decode(tokenizer.Encode(Sample)));
            Assert.Empty(tokenizer.Encode(""));
        }
    }

    /// <summary>The queue of candidates does what the definition says: again and again the leftmost pair of lowest rank.</summary>
    [Fact]
    public void MergingFollowsThePlainDefinition()
    {
        BpeTokenizer tokenizer = new BpeTrainer(330) { SplitsWords = false }.Train("abababaabbaaaabbbbabcabcaaacbbcaabbccaaaaaaaabbbbbbbbcbacbabcccbacbacabbacbca"u8.ToArray());
        string[] merges = [.. tokenizer.Merges];
        Assert.True(merges.Length > 25);
        Prop.ForAll(Gen.Elements('a', 'b', 'c').ArrayOf().ToArbitrary(), letters =>
        {
            List<string> symbols = [.. letters.Select(letter => letter.ToString())];
            while (true)
            {
                int best = -1, rank = int.MaxValue;
                for (int i = 0; i + 1 < symbols.Count; i++)
                    if (Array.IndexOf(merges, $"{symbols[i]} {symbols[i + 1]}") is int found and >= 0 && found < rank) (best, rank) = (i, found);
                if (best < 0) break;
                symbols[best] += symbols[best + 1];
                symbols.RemoveAt(best + 1);
            }
            Assert.Equal(symbols, tokenizer.Encode(new string(letters)).Select(id => tokenizer.Decode([id])));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    /// <summary>The incremental counts choose what a trainer that recounts everything for each merge chooses.</summary>
    [Fact]
    public void TrainingFollowsThePlainDefinition() =>
        Prop.ForAll(Gen.Elements('a', 'b', 'c', ' ').ArrayOf().ToArbitrary(), Gen.Elements(true, false).ToArbitrary(), (letters, split) =>
        {
            byte[] text = Encoding.UTF8.GetBytes(letters);
            BpeTokenizer tokenizer = new BpeTrainer(300) { SplitsWords = split }.Train(text);
            Assert.Equal(PlainMerges(text, split, 300), tokenizer.Merges);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void NoMergeCrossesFromOneTextToTheNext()
    {
        BpeTokenizer tokenizer = new BpeTrainer(300) { SplitsWords = false }.Train("ab"u8.ToArray(), "ab"u8.ToArray(), "ab"u8.ToArray());
        Assert.Equal(["a b"], tokenizer.Merges);
    }

    [Fact]
    public void AddedTokensAreCutOutFirstTheLongestOfThoseThatBeginTogether()
    {
        BpeTokenizer tokenizer = new BpeTrainer(262) { SpecialTokens = ["<s>", "<s><s>", "</s>"] }.Train("<s><s>"u8.ToArray());
        Assert.Equal([1, 0, 2, tokenizer.Encode("<")[0]], tokenizer.Encode("<s><s><s></s><"));
        Assert.True(tokenizer.IsSpecial(1));
        Assert.False(tokenizer.IsSpecial(3));
        int[] ids = tokenizer.Encode("a<s>b");
        Assert.Equal("a<s>b", tokenizer.Decode(ids));
        Assert.Equal("ab", tokenizer.Decode(ids, skipSpecial: true));
        StreamingDecoder decoder = new(tokenizer, skipSpecial: true);
        Assert.Equal("ab", string.Concat(ids.Select(decoder.Push)) + decoder.Flush());
    }

    [Fact]
    public void APieceMayBeAsLongAsTheText()
    {
        BpeTokenizer tokenizer = new BpeTrainer(400) { SplitsWords = false }.Train(Encoding.UTF8.GetBytes(Sample));
        string text = string.Concat(Enumerable.Repeat(Sample, 3_000));
        // One piece of a third of a megabyte: merging by repeated search would take hours.
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Fact]
    public void WrongTrainingOptionsAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new BpeTrainer(255));
        Assert.Throws<ArgumentException>(() => new BpeTrainer(300) { SpecialTokens = ["<a>", "<a>"] }.Train());
        Assert.Throws<ArgumentException>(() => new BpeTrainer(300) { SpecialTokens = [""] }.Train());
        ArgumentException full = Assert.Throws<ArgumentException>(() => new BpeTrainer(256) { SpecialTokens = ["<a>"] }.Train());
        Assert.Contains("ask for at least 257", full.Message);
        Assert.Equal(256, new BpeTrainer(256).Train("aaaa"u8.ToArray()).VocabularySize);
    }

    /// <summary>Special tokens, a merge that spells one, and the kind of split survive saving.</summary>
    [Fact]
    public void SavingAndLoadingKeepsEverything()
    {
        foreach (bool split in (bool[])[true, false])
        {
            BpeTokenizer tokenizer = new BpeTrainer(320) { SplitsWords = split, SpecialTokens = ["th", "<|end of text|>", "\"\\\n"] }
                .Train(Encoding.UTF8.GetBytes(Sample));
            using TemporaryFolder folder = new();
            string below = Path.Combine(folder.Path, "a", "b");
            tokenizer.Save(below);
            tokenizer.Save(below);
            BpeTokenizer again = Assert.IsType<BpeTokenizer>(Tokenizer.Load(below));
            Assert.Equal(tokenizer.Merges, again.Merges);
            Assert.Equal(tokenizer.AddedTokens, again.AddedTokens);
            string text = Sample + "<|end of text|>x  y\"\\\n";
            Assert.Equal(tokenizer.Encode(text), again.Encode(text));
            Assert.Equal(["tokenizer.json", "tokenizer_config.json"], Directory.GetFiles(below).Select(Path.GetFileName).Order());
        }
    }

    private static List<string> PlainMerges(byte[] text, bool split, int size)
    {
        // Ids in the order of creation: 256 characters in their own order, then the merges.
        List<string> ids = [.. Enumerable.Range(0, 256).Select(value => ByteAlphabet.ToCharacter((byte)value).ToString()).Order(StringComparer.Ordinal)];
        List<List<string>> pieces = [];
        for (int start = 0; start < text.Length;)
        {
            int length = split ? Gpt2Split.FirstPiece(text.AsSpan(start)) : text.Length;
            pieces.Add([.. text.AsSpan(start, length).ToArray().Select(value => ByteAlphabet.ToCharacter(value).ToString())]);
            start += length;
        }
        List<string> merges = [];
        while (ids.Count < size)
        {
            var pairs = pieces.SelectMany(piece => piece.Zip(piece.Skip(1))).GroupBy(pair => pair).ToArray();
            if (pairs.Length == 0) break;
            (string left, string right) = pairs.OrderByDescending(group => group.Count())
                .ThenBy(group => ids.IndexOf(group.Key.First)).ThenBy(group => ids.IndexOf(group.Key.Second)).First().Key;
            merges.Add($"{left} {right}");
            if (!ids.Contains(left + right)) ids.Add(left + right);
            foreach (List<string> piece in pieces)
                for (int i = 0; i + 1 < piece.Count; i++)
                    if (piece[i] == left && piece[i + 1] == right)
                    {
                        piece[i] += right;
                        piece.RemoveAt(i + 1);
                    }
        }
        return merges;
    }
}

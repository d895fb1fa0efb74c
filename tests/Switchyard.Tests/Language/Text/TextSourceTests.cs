using System.Text;
using Switchyard.Language.Text;

namespace Switchyard.Tests.Language.Text;

public sealed class TextSourceTests
{
    [Fact]
    public void AFileIsReadWithoutItsByteOrderMark()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("a.txt", "\uFEFFgrüße\r\n"u8);
        TextSource source = TextSource.Load(path);
        Assert.Equal("grüße\r\n"u8.ToArray(), Assert.Single(source.Documents).Utf8.ToArray());
        Assert.Equal(path, source.Name);
        Assert.Equal(9, source.Bytes);
    }

    [Theory]
    [InlineData("head\n*** START OF THIS PROJECT GUTENBERG EBOOK X ***\r\nbody\n*** END OF THIS PROJECT GUTENBERG EBOOK X ***\nlicence\n", "body\n")]
    [InlineData("*** START OF THE PROJECT GUTENBERG EBOOK X ***\nbody", "body")]
    [InlineData("body\n*** END OF THE PROJECT GUTENBERG EBOOK X ***", "body\n")]
    [InlineData("a *** START OF THE PROJECT GUTENBERG\nbody", "a *** START OF THE PROJECT GUTENBERG\nbody")]
    [InlineData("*** START OF something else ***\nbody", "*** START OF something else ***\nbody")]
    public void TheFrameOfProjectGutenbergComesOff(string content, string expected)
    {
        using TemporaryFolder folder = new();
        TextSource source = TextSource.Load(folder.Write("book.txt", Encoding.UTF8.GetBytes(content)));
        Assert.Equal(expected, Encoding.UTF8.GetString(source.Documents[0].Utf8.Span));
    }

    [Fact]
    public void AFolderGivesItsTextsInOrdinalOrder()
    {
        using TemporaryFolder folder = new();
        folder.Write("b.txt", "b"u8);
        folder.Write("B.txt", "B"u8);
        folder.Write("a/z.md", "z"u8);
        folder.Write("a/.hidden", "no"u8);
        folder.Write(".git/config", "no"u8);
        folder.Write("image.png", [0x89, (byte)'P', 0, 0]);
        folder.Write("empty.txt", []);
        TextSource source = TextSource.Load(folder.Path);
        Assert.Equal(["B.txt", "a/z.md", "b.txt"], source.Documents.Select(document => Path.GetRelativePath(folder.Path, document.Name)));
        Assert.Equal(["empty.txt", "image.png"], source.Skipped.Select(path => Path.GetRelativePath(folder.Path, path)));
    }

    [Theory]
    [InlineData("*.txt", "a.txt b.txt")]
    [InlineData("?.md", "c.md")]
    [InlineData("**/*.txt", "a.txt b.txt x/d.txt x/y/e.txt")]
    [InlineData("x/*", "x/d.txt")]
    [InlineData("x/**", "x/d.txt x/y/e.txt")]
    [InlineData("*/y/*.txt", "x/y/e.txt")]
    public void APatternGivesTheFilesThatMatch(string pattern, string expected)
    {
        using TemporaryFolder folder = new();
        foreach (string name in (string[])["a.txt", "b.txt", "c.md", "x/d.txt", "x/y/e.txt"]) folder.Write(name, "text"u8);
        TextSource source = TextSource.Load(Path.Combine(folder.Path, pattern));
        Assert.Equal(expected.Split(' '), source.Documents.Select(document => Path.GetRelativePath(folder.Path, document.Name)));
    }

    [Fact]
    public void WrongBytesAreNamedByPosition()
    {
        using TemporaryFolder folder = new();
        AssertRefused(folder.Write("latin1.txt", [.. "one\ncaf"u8, 0xE9, .. " noir"u8]), "byte 7 (line 2) is 0xE9");
        AssertRefused(folder.Write("cut.txt", [.. "ab"u8, 0xE2, 0x82]), "byte 2 (line 1) is 0xE2");
        AssertRefused(folder.Write("surrogate.txt", [(byte)'a', 0xED, 0xA0, 0x80]), "byte 1 (line 1) is 0xED");
        AssertRefused(folder.Write("utf16.txt", [0xFF, 0xFE, (byte)'a', 0]), "UTF-16");
    }

    [Fact]
    public void NothingToReadIsSaidInOneLine()
    {
        using TemporaryFolder folder = new();
        AssertRefused(Path.Combine(folder.Path, "absent.txt"), "no such file or folder");
        AssertRefused(Path.Combine(folder.Path, "*.txt"), "no file there");
        AssertRefused(Path.Combine(folder.Path, "absent", "*.txt"), "no such folder");
        AssertRefused(folder.Path, "no file there");
        AssertRefused(folder.Write("empty.txt", []), "holds no text");
        AssertRefused(folder.Write("mark.txt", "\uFEFF"u8), "holds no text");
        AssertRefused(folder.Path, "none of the 2 files there is a text");

        // A text in the wrong encoding is not passed over like a picture.
        folder.Write("utf16.txt", [0xFF, 0xFE, (byte)'a', 0]);
        AssertRefused(folder.Path, "UTF-16");
    }

    [Theory]
    [InlineData("abcdefghij", 9)]
    [InlineData("abcdefghijklmno", 13)]
    [InlineData("abcdefghé", 8)]
    [InlineData("🙂🙂", 4)]
    [InlineData("x", 0)]
    public void TheLastTenthIsHeldOut(string text, int cut)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        TextCorpus corpus = TextCorpus.Split(new TextSource("both", [new TextDocument("a", utf8), new TextDocument("b", "0123456789"u8.ToArray())]));
        Assert.Equal(utf8[..cut], corpus.Training[0].Utf8.ToArray());
        Assert.Equal(utf8[cut..], corpus.HeldOut[0].Utf8.ToArray());
        Assert.Equal("012345678"u8.ToArray(), corpus.Training[1].Utf8.ToArray());
        Assert.Equal("9"u8.ToArray(), corpus.HeldOut[1].Utf8.ToArray());
    }

    [Fact]
    public void ShakespeareIsSplitAsNanoGptDoes()
    {
        string path = Path.Combine(Fixtures.Data, "text", "shakespeare.txt");
        Assert.SkipUnless(File.Exists(path), $"no data at {path}");
        TextCorpus corpus = TextCorpus.Split(TextSource.Load(path));
        Assert.Equal(1_003_854, corpus.Training[0].Utf8.Length);
        Assert.Equal(111_540, corpus.HeldOut[0].Utf8.Length);
    }

    private static void AssertRefused(string path, string part)
    {
        SwitchyardException refused = Assert.Throws<SwitchyardException>(() => TextSource.Load(path));
        Assert.Contains(part, refused.Message);
        Assert.DoesNotContain('\n', refused.Message + refused.Hint);
        Assert.NotNull(refused.Hint);
    }
}

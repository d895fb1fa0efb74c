using System.IO.Compression;
using System.Text;
using Switchyard.Language.Translation;

namespace Switchyard.Tests.Language.Translation;

public sealed class ParallelTextTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lines_are_paired_whatever_their_ends_and_packing()
    {
        string source = Write("a.en", "\uFEFFone\r\ntwo\r\n\r\nthree"), target = Path.Combine(_folder.Path, "a.de.gz");
        using (GZipStream packed = new(File.Create(target), CompressionMode.Compress)) packed.Write("eins\nzwei\n\ndrei\n"u8);
        ParallelText text = ParallelText.Load(source, target);
        Assert.Equal(["one", "two", "three"], text.SourceLines);
        Assert.Equal(["eins", "zwei", "drei"], text.TargetLines);
        Assert.Equal(["two", "three"], text.Part(1..).SourceLines);
        Assert.NotEqual(text.Checksum(), text.Part(1..).Checksum());
    }

    [Theory]
    [InlineData("one\ntwo\n", "eins\n", "a.en has 2 lines and", "a.de has 1")]
    [InlineData("one\n\nthree\n", "eins\nzwei\ndrei\n", "a.en: line 2 is empty", "a.de is not")]
    [InlineData("one\ntwo\n", "eins\n \n", "a.de: line 2 is empty", "a.en is not")]
    [InlineData("\n\n", "\n\n", "holds no text", "a.en")]
    [InlineData("one\n", "ein\u00fcs\n", "is not UTF-8: byte 3 (line 1) is 0xFC", "a.de")]
    public void What_is_no_pair_of_texts_is_refused_by_name_and_place(string source, string target, params string[] expected)
    {
        string from = Write("a.en", source), to = _folder.Write("a.de", Encoding.Latin1.GetBytes(target));
        string message = Assert.Throws<SwitchyardException>(() => ParallelText.Load(from, to)).Message;
        Assert.All(expected, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Fact]
    public void Damaged_packing_is_refused()
    {
        string damaged = _folder.Write("a.gz", [0x1F, 0x8B, 1, 2, 3, 4]);
        Assert.Contains("damaged", Assert.Throws<SwitchyardException>(() => ParallelText.Load(damaged, damaged)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_translated_as_its_name_says_and_holds_out_what_it_has_for_that()
    {
        foreach (string name in (string[])["x-en-de/train.en", "x-en-de/train.de.gz", "x-en-de/dev.en", "x-en-de/dev.de", "unnamed/train.en", "unnamed/train.de", "three/train.a", "three/train.b", "three/train.c"]) Write(name, "x");
        string folder = Path.Combine(_folder.Path, "x-en-de");
        Assert.Equal(
            new ParallelFiles(Path.Combine(folder, "train.en"), Path.Combine(folder, "train.de.gz"), (Path.Combine(folder, "dev.en"), Path.Combine(folder, "dev.de"))),
            ParallelFiles.Find(folder + "/"));
        Assert.Contains("does not say whether de is translated into en", Refused("unnamed"), StringComparison.Ordinal);
        Assert.Contains("has 3 files", Refused("three"), StringComparison.Ordinal);
        Assert.Contains("names no two texts", Refused("nowhere"), StringComparison.Ordinal);
        Assert.Equal(new ParallelFiles("a", "b"), ParallelFiles.Find("a,b"));

        string Refused(string name) => Assert.Throws<SwitchyardException>(() => ParallelFiles.Find(Path.Combine(_folder.Path, name))).Message;
    }

    private string Write(string name, string text) => _folder.Write(name, Encoding.UTF8.GetBytes(text));
}

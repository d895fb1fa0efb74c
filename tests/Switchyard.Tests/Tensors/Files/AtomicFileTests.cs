using Switchyard.Files;

namespace Switchyard.Tests.Tensors.Files;

public sealed class AtomicFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("switchyard-").FullName;

    private string Target => Path.Combine(folder, "file.txt");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_text_replaces_another()
    {
        AtomicFile.WriteText(Target, "a much longer first text");
        AtomicFile.WriteText(Target, "Grüße");
        Assert.Equal("Grüße"u8.ToArray(), File.ReadAllBytes(Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void The_remains_of_a_killed_writer_are_replaced()
    {
        File.WriteAllText(Target + ".partial", "what a killed process left, longer than the new text");
        AtomicFile.WriteText(Target, "new");
        Assert.Equal("new", File.ReadAllText(Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void A_failing_writer_leaves_the_old_file()
    {
        AtomicFile.WriteText(Target, "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(Target, stream =>
        {
            stream.Write(new byte[1 << 20]);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void A_missing_folder_is_named()
    {
        string path = Path.Combine(folder, "absent", "file.txt");
        var failure = Assert.Throws<SwitchyardException>(() => AtomicFile.WriteText(path, "new"));
        Assert.Contains(path, failure.Message);
        Assert.Contains("create the folder", failure.Hint);
    }

    [Fact]
    public void A_folder_of_that_name_stays()
    {
        Directory.CreateDirectory(Target);
        Assert.Throws<SwitchyardException>(() => AtomicFile.WriteText(Target, "new"));
        Assert.Equal([Target], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_wrong_use()
    {
        Assert.ThrowsAny<ArgumentException>(() => AtomicFile.WriteText(Target, "\ud800"));
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void A_full_device_leaves_the_old_file()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "no /dev/full here");
        AtomicFile.WriteText(Target, "old");
        // Whatever is written under the temporary name meets a full device.
        File.CreateSymbolicLink(Target + ".partial", "/dev/full");
        AssertFull(Target, bytes: 10);
        AssertOnlyOld(folder, Target);
    }

    [Fact]
    public void A_full_disk_leaves_the_old_file()
    {
        using SmallDisk disk = SmallDisk.Mount(Path.Combine(folder, "disk"), kilobytes: 256);
        string path = Path.Combine(disk.Path, "file.txt");
        AtomicFile.WriteText(path, "old");
        AssertFull(path, bytes: 1 << 20);
        AssertOnlyOld(disk.Path, path);
        // The room of the abandoned attempt is free again.
        AtomicFile.Write(path, stream => stream.Write(new byte[100_000]));
        Assert.Equal(100_000, new FileInfo(path).Length);
    }

    private static void AssertFull(string path, int bytes)
    {
        var failure = Assert.Throws<SwitchyardException>(() => AtomicFile.Write(path, stream => stream.Write(new byte[bytes])));
        Assert.Contains(path, failure.Message);
        Assert.DoesNotContain('\n', failure.Message);
        Assert.Contains("free some space", failure.Hint);
    }

    private static void AssertOnlyOld(string folder, string path)
    {
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder));
    }
}

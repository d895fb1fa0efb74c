using System.Diagnostics;

namespace Switchyard.Tests;

/// <summary>A file system of a few kilobytes, to see what happens when a disk is full. The calling test is skipped where none can be made.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Makes one in a new folder.</summary>
    public static SmallDisk Mount(string path, int kilobytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "only the administrator may mount a small disk");
        Directory.CreateDirectory(path);
        Assert.SkipUnless(Execute("mount", "-t", "tmpfs", "-o", $"size={kilobytes}k", "tmpfs", path), "a small disk cannot be mounted here");
        return new SmallDisk(path);
    }

    /// <inheritdoc/>
    public void Dispose() => Execute("umount", Path);

    private static bool Execute(string command, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

namespace Switchyard.Tests;

/// <summary>
/// Reference results made by other people's software: <c>../shared/fixtures</c> beside the repository, or the
/// folder that <c>SWITCHYARD_FIXTURES</c> names. They are no part of the project, so a test that needs them
/// skips visibly where they are absent.
/// </summary>
internal static class Fixtures
{
    /// <summary>The root of the repository that this test was built from.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The folder of fixtures; it may not exist.</summary>
    public static string Root { get; } =
        Environment.GetEnvironmentVariable("SWITCHYARD_FIXTURES") is { Length: > 0 } named
            ? Path.GetFullPath(named)
            : Path.GetFullPath(Path.Combine(Repository, "..", "shared", "fixtures"));

    /// <summary>The folder of public data files; it may not exist.</summary>
    public static string Data { get; } = Path.GetFullPath(Path.Combine(Repository, "..", "shared", "data"));

    /// <summary>A file or folder below <see cref="Root"/>, or null where it is absent.</summary>
    public static string? Find(params string[] parts)
    {
        string path = Path.Combine([Root, .. parts]);
        return Path.Exists(path) ? path : null;
    }

    /// <summary>A file or folder below <see cref="Root"/>; the calling test is skipped where it is absent.</summary>
    public static string Require(params string[] parts)
    {
        string? path = Find(parts);
        Assert.SkipWhen(path is null, $"no fixtures at {Path.Combine([Root, .. parts])}");
        return path!;
    }

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Switchyard.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("the tests must run from inside the repository");
    }
}

using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Switchyard.Tests.Cli;

/// <summary>
/// The script <c>./switchyard</c>, in a temporary tree with a small program in the place of the real one:
/// it echoes its arguments and input, and ends as it is told to.
/// </summary>
[Trait("Category", "Slow")]
[UnsupportedOSPlatform("windows")]
public sealed class LauncherTests(LauncherTests.Tree tree) : IClassFixture<LauncherTests.Tree>
{
    private const string Program = """
        using System.Runtime.InteropServices;

        switch (args)
        {
            case ["exit", var code]:
                return int.Parse(code);
            case ["wait"]:
                using (ManualResetEventSlim stopped = new())
                using (PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => { context.Cancel = true; stopped.Set(); }))
                {
                    Console.WriteLine("waiting");
                    return stopped.Wait(TimeSpan.FromSeconds(60)) ? 130 : 1;
                }
            default:
                Console.Write($"{string.Join('|', args)}: {Console.In.ReadToEnd()}");
                return 0;
        }
        """;

    [Fact]
    public void Arguments_input_and_exit_codes_pass_through()
    {
        Result first = tree.Run(["one", "two three", "--json", ""], input: "bread\n");
        Assert.Equal((0, "one|two three|--json|: bread\n"), (first.Code, first.Out));
        Assert.Empty(first.Error);
        Assert.Equal(17, tree.Run(["exit", "17"]).Code);
    }

    [Fact]
    public void It_runs_from_any_folder_and_through_a_link()
    {
        string link = Path.Combine(tree.Outside, "link");
        File.CreateSymbolicLink(link, tree.Script);
        Result result = tree.Run(["x"], script: link, folder: tree.Outside);
        Assert.Equal((0, "x: "), (result.Code, result.Out));
    }

    [Fact]
    public void A_signal_reaches_the_program()
    {
        using Process process = tree.Start(["wait"], tree.Script, tree.Root, path: null);
        Assert.Equal("waiting", process.StandardOutput.ReadLine());
        Assert.Equal(0, Kill(process.Id, Sigterm));
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)), "the program did not end");
        Assert.Equal(130, process.ExitCode);
    }

    [Fact]
    public void Changed_renamed_and_broken_sources_are_built_again()
    {
        string extra = Path.Combine(tree.Sources, "Extra.cs");
        string renamed = Path.Combine(tree.Sources, "Renamed.cs");

        File.WriteAllText(extra, "internal static class Extra;");
        Assert.Equal("building switchyard ...\n", tree.Run(["x"]).Error);
        Assert.Empty(tree.Run(["x"]).Error);

        File.Move(extra, renamed);
        Assert.Equal("building switchyard ...\n", tree.Run(["x"]).Error);

        File.WriteAllText(renamed, "not C#");
        Result broken = tree.Run(["x"], input: "must not be read");
        Assert.Equal(1, broken.Code);
        Assert.Contains("Renamed.cs(1,", broken.Error);
        Assert.Contains("error CS", broken.Error);
        Assert.Empty(broken.Out);

        File.Delete(renamed);
        Result mended = tree.Run(["x"]);
        Assert.Equal((0, "x: "), (mended.Code, mended.Out));
        Assert.Single(Directory.GetDirectories(Path.Combine(tree.Root, "artifacts", "program")));
    }

    [Fact]
    public async Task Two_first_calls_at_once_build_once()
    {
        File.WriteAllText(Path.Combine(tree.Sources, "Together.cs"), "internal static class Together;");
        Task<Result> one = Task.Run(() => tree.Run(["one"]), TestContext.Current.CancellationToken);
        Task<Result> two = Task.Run(() => tree.Run(["two"]), TestContext.Current.CancellationToken);
        Assert.Equal("one: ", (await one).Out);
        Assert.Equal("two: ", (await two).Out);
        Assert.Equal("building switchyard ...\n", (await one).Error + (await two).Error);
    }

    [Fact]
    public void Without_the_sdk_one_line_says_where_to_get_it()
    {
        Result none = tree.Run(["x"], path: tree.ToolsWithoutDotnet);
        Assert.Equal(2, none.Code);
        Assert.Contains("install the .NET 10 SDK", Assert.Single(none.Error.TrimEnd('\n').Split('\n')));

        Result old = tree.Run(["x"], path: $"{tree.OldDotnet}:{tree.ToolsWithoutDotnet}");
        Assert.Equal(2, old.Code);
        Assert.Contains("has no .NET 10 SDK", Assert.Single(old.Error.TrimEnd('\n').Split('\n')));
    }

    private const int Sigterm = 15;

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);

    /// <summary>How a run of the script ended.</summary>
    public sealed record Result(int Code, string Out, string Error);

    /// <summary>The temporary tree, built once.</summary>
    public sealed class Tree : IDisposable
    {
        private readonly string _base = Directory.CreateTempSubdirectory("switchyard-launcher-").FullName;

        public Tree()
        {
            Directory.CreateDirectory(Sources);
            Directory.CreateDirectory(Path.Combine(Root, "scripts"));
            Directory.CreateDirectory(Outside);
            foreach (string file in (string[])["switchyard", "scripts/sdk.bash", "global.json", ".editorconfig", "Directory.Build.props", "Directory.Packages.props"])
                File.Copy(Path.Combine(Fixtures.Repository, file), Path.Combine(Root, file));
            File.WriteAllText(Path.Combine(Sources, "Switchyard.Cli.csproj"),
                "<Project Sdk='Microsoft.NET.Sdk'><PropertyGroup><OutputType>Exe</OutputType><AssemblyName>switchyard</AssemblyName></PropertyGroup></Project>");
            File.WriteAllText(Path.Combine(Sources, "Program.cs"), Program);

            // All that a script may need, but for dotnet; and one dotnet that knows no fitting SDK.
            Directory.CreateDirectory(ToolsWithoutDotnet);
            foreach (string folder in (string[])["/bin", "/usr/bin"])
            {
                foreach (string tool in Directory.EnumerateFiles(folder).Where(tool => Path.GetFileName(tool) is not "dotnet"))
                {
                    string link = Path.Combine(ToolsWithoutDotnet, Path.GetFileName(tool));
                    if (!File.Exists(link)) File.CreateSymbolicLink(link, tool);
                }
            }
            Directory.CreateDirectory(OldDotnet);
            string old = Path.Combine(OldDotnet, "dotnet");
            File.WriteAllText(old, "#!/bin/sh\necho 'A compatible .NET SDK was not found.' >&2\nexit 155\n");
            File.SetUnixFileMode(old, UnixFileMode.UserRead | UnixFileMode.UserExecute);

            Result first = Run(["x"]);
            Assert.Equal((0, "x: ", "building switchyard ...\n"), (first.Code, first.Out, first.Error));
        }

        public string Root => Path.Combine(_base, "a tree");

        public string Outside => Path.Combine(_base, "outside");

        public string Sources => Path.Combine(Root, "src", "Switchyard.Cli");

        public string Script => Path.Combine(Root, "switchyard");

        public string ToolsWithoutDotnet => Path.Combine(_base, "tools");

        public string OldDotnet => Path.Combine(_base, "old");

        public Result Run(string[] arguments, string input = "", string? script = null, string? folder = null, string? path = null)
        {
            using Process process = Start(arguments, script ?? Script, folder ?? Root, path);
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> error = process.StandardError.ReadToEndAsync();
            try
            {
                process.StandardInput.Write(input);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // The script ended without reading, as it may.
            }
            process.WaitForExit();
            return new Result(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
        }

        public Process Start(string[] arguments, string script, string folder, string? path)
        {
            ProcessStartInfo start = new(script, arguments)
            {
                WorkingDirectory = folder,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            if (path is not null)
            {
                start.Environment["PATH"] = path;
                start.Environment.Remove("DOTNET_ROOT");
            }
            return Process.Start(start)!;
        }

        public void Dispose() => Directory.Delete(_base, recursive: true);
    }
}

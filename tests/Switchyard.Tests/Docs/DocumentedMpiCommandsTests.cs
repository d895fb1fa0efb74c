using System.Diagnostics;
using Switchyard.Tests.Collectives;

namespace Switchyard.Tests.Docs;

/// <summary>Every line of the documentation that starts mpirun on one host runs, with either family of MPI.</summary>
[Trait("Category", "Slow")]
public sealed class DocumentedMpiCommandsTests
{
    private const string Start = "mpirun -np ";

    public static TheoryData<string, string> Commands()
    {
        TheoryData<string, string> data = [];
        foreach (string page in Documentation.Pages)
            foreach ((_, string[] block) in Documentation.Blocks(page, "sh"))
                foreach (string line in block.Where(static line => line.StartsWith(Start, StringComparison.Ordinal)))
                    foreach ((string package, _, _) in MpiRun.Launchers) data.Add(package, line);
        return data;
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void A_documented_command_runs(string package, string line)
    {
        using TemporaryFolder folder = new();
        string[] words = line[Start.Length..].Split(' ');
        Assert.Equal("./switchyard", words[1]);
        using Process process = MpiRun.Start(package, int.Parse(words[0]), folder.Path, [Path.Combine(AppContext.BaseDirectory, "switchyard.dll"), .. words[2..]]);
        (string output, string error) = MpiRun.End(process);
        Assert.True(process.ExitCode == 0, error);
        Assert.NotEmpty(output);
    }
}

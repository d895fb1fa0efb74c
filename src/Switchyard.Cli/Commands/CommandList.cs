using System.CommandLine;

namespace Switchyard.Cli.Commands;

/// <summary>Every command of the program, in the order in which help lists them.</summary>
internal static class CommandList
{
    /// <summary>Makes them.</summary>
    public static Command[] Create() =>
    [
        TrainCommand.Create(),
        CompareCommand.Create(),
        GenerateCommand.Create(),
        FillCommand.Create(),
        TranslateCommand.Create(),
        EvaluateCommand.Create(),
        ExportCommand.Create(),
        InspectCommand.Create(),
        GatesCommand.Create(),
        MixtureCommand.Create(),
        RankCommand.Create(),
        BenchCommand.Create(),
        SimulateCommand.Create(),
    ];
}

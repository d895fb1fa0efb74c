using System.CommandLine;

namespace Switchyard.Cli.Commands;

/// <summary><c>rank</c>: rankers of many goals from logs that are biased by what was shown where.</summary>
internal static class RankCommand
{
    /// <summary>Makes the group of commands.</summary>
    public static Command Create() => new("rank", "Trains rankers with a gate per goal on logs, takes position bias out, and serves them.")
    {
        RankTrainCommand.Create(),
        RankEvaluateCommand.Create(),
        RankScoreCommand.Create(),
        RankServeCheckCommand.Create(),
        RankSimulateCommand.Create(),
        RankCompareCommand.Create(),
    };
}

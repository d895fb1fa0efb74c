using System.CommandLine;

namespace Switchyard.Cli.Commands;

/// <summary><c>mixture</c>: classic mixtures of experts for tables.</summary>
internal static class MixtureCommand
{
    /// <summary>Makes the group of commands.</summary>
    public static Command Create() => new("mixture", "Fits classic mixtures of experts (1991, 1994) to tables, and predicts with them.")
    {
        MixtureFitCommand.Create(),
        MixturePredictCommand.Create(),
    };
}

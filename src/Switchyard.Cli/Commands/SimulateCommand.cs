using System.CommandLine;

namespace Switchyard.Cli.Commands;

/// <summary><c>simulate</c>: what would be on hardware that is not there.</summary>
internal static class SimulateCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create() => new("simulate", "Simulates hardware that is not there.") { SimulateClusterCommand.Create() };
}

using Switchyard.Cli;
using Switchyard.Cli.Commands;

using Interruption interruption = new();
CommandLine commandLine = new([
    TrainCommand.Create(),
    GenerateCommand.Create(),
    EvaluateCommand.Create(),
    ExportCommand.Create(),
    InspectCommand.Create(),
    BenchCommand.Create(),
]);
return commandLine.Run(args, Terminal.OfProcess(), interruption.Token);

using Switchyard.Cli;
using Switchyard.Cli.Commands;

using Interruption interruption = new();
CommandLine commandLine = new(CommandList.Create());
return commandLine.Run(args, Terminal.OfProcess(), interruption.Token);

using BenchmarkDotNet.Running;

// dotnet run -c Release --project benchmarks/Switchyard.Benchmarks -- --filter '*MatrixProducts*'
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);

using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Kernels;

/// <summary>Tests that set the number of threads, which is one for the whole process, run one after the other.</summary>
[CollectionDefinition(nameof(WorkerPool), DisableParallelization = true)]
public sealed class WorkerPoolCollection;

namespace Switchyard.Tensors.Kernels;

/// <summary>Runs the parts of a kernel.</summary>
public static unsafe class WorkerPool
{
    internal static void Run(int parts, delegate*<void*, int, void> body, void* state)
    {
        for (int part = 0; part < parts; part++) body(state, part);
    }
}

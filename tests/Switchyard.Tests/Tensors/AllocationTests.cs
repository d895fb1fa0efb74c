using Switchyard.Tensors;
using Switchyard.Tensors.Memory;

namespace Switchyard.Tests.Tensors;

[Collection(nameof(MemoryPool))]
public class AllocationTests
{
    private const int Operations = 1000;

    [Fact]
    public void AnOperationAllocatesLittleManagedMemory()
    {
        using Tensor x = Tensor.Full([8, 8], 1.5), row = Tensor.Full([8], 0.5);
        Chain(x, row);
        Assert.InRange(BytesPerOperation(() => Chain(x, row)), 0, 230);
        x.RequiresGradient = true;
        Chain(x, row);
        Assert.InRange(BytesPerOperation(() => Chain(x, row)), 0, 350);
    }

    private static void Chain(Tensor x, Tensor row)
    {
        using TensorScope scope = new();
        Tensor y = x;
        for (int i = 0; i < Operations / 4; i++) y = (y * row + row).Sigmoid() * 0.5;
    }

    private static double BytesPerOperation(Action chain)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        chain();
        return (double)(GC.GetAllocatedBytesForCurrentThread() - before) / Operations;
    }
}

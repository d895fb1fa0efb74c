using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Operations;

[Collection(nameof(WorkerPool))]
public class ThreadsTests
{
    [Fact]
    public void TheSameBitsForAnyNumberOfThreads()
    {
        int before = WorkerPool.Threads;
        try
        {
            WorkerPool.Threads = 1;
            float[] expected = Compute();
            foreach (int threads in (int[])[2, 3, 5])
            {
                WorkerPool.Threads = threads;
                Assert.Equal(expected, Compute());
            }
        }
        finally
        {
            WorkerPool.Threads = before;
        }
    }

    // A bit of everything that adds up or is cut into parts.
    private static float[] Compute()
    {
        using TensorScope scope = new();
        Philox random = new(3);
        Tensor x = Tensor.Normal([300, 130], 0, 1, random), bias = Tensor.Uniform([130], -1, 1, random), table = Tensor.TruncatedNormal([50, 130], 0, 1, -2, 2, random);
        Tensor ids = Tensor.Uniform([300], 0, 50, random).To(ElementType.Int32);
        x.RequiresGradient = bias.RequiresGradient = table.RequiresGradient = true;
        Tensor y = (x + bias).Gelu() * Tensor.Embedding(table, ids) + x.Sort(0).Values.CumulativeSum(1) * 1e-3;
        Tensor top = y.TopK(5, 1).Values, spread = y.Variance([0]) + y.Largest([0]);
        Tensor loss = top.Sum() + spread.Sum() + y.Transpose(0, 1).Norm([1]).Mean() + y.Reshape([39_000]).Sum();
        loss.Backward();
        return Tensor.Concat([loss.Reshape([1]), x.Gradient!.Reshape([39_000]), bias.Gradient!, table.Gradient!.Reshape([6_500])], 0).ToArray<float>();
    }
}

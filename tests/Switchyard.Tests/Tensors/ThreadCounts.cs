using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors;

/// <summary>The same computation on one, two and three threads must give the same bits.</summary>
internal static class ThreadCounts
{
    /// <param name="compute">Makes everything anew and returns Float32 results.</param>
    public static void AssertSameBits(Func<Tensor[]> compute)
    {
        int before = WorkerPool.Threads;
        try
        {
            float[][]? first = null;
            for (int threads = 1; threads <= 3; threads++)
            {
                WorkerPool.Threads = threads;
                using TensorScope scope = new();
                float[][] results = Array.ConvertAll(compute(), result => result.ToArray<float>());
                if (first is null) first = results;
                else for (int i = 0; i < results.Length; i++) Assert.True(first[i].AsSpan().SequenceEqual(results[i]), $"result {i} differs between 1 and {threads} threads");
            }
        }
        finally
        {
            WorkerPool.Threads = before;
        }
    }

    /// <summary>Normal numbers in Float32, the same for the same seed.</summary>
    public static Tensor Random(int seed, Shape shape)
    {
        Philox random = new((ulong)seed);
        float[] numbers = new float[shape.Elements];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = (float)random.NextNormal();
        return Tensor.From(numbers, shape);
    }

    /// <summary>A result and its first-order gradients, with a random upstream.</summary>
    public static Tensor[] WithGradients(Func<Tensor[], Tensor> function, params Tensor[] inputs)
    {
        foreach (Tensor input in inputs) input.RequiresGradient = true;
        Tensor y = function(inputs);
        return [y, .. Gradients.Of(y, inputs, Random(5, y.Shape))];
    }
}

using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Kernels;

[Collection(nameof(WorkerPool))]
public class AdamWStepTests
{
    [Fact]
    public void FollowsTheFormulas()
    {
        using TensorScope scope = new();
        const int count = 20_011;
        const double scale = 0.7, rate = 0.01, beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, decay = 0.1;
        Tensor parameter = FusedGradients.Random(1, [count]), first = Tensor.Zeros([count], ElementType.Float64), second = Tensor.Zeros([count], ElementType.Float64);
        double[] p = parameter.ToArray<double>(), m = new double[count], v = new double[count];
        for (int step = 1; step <= 3; step++)
        {
            Tensor gradient = FusedGradients.Random(step + 1, [count]);
            double[] g = gradient.ToArray<double>();
            AdamWStep.AdamW(parameter, gradient, first, second, scale, rate, beta1, beta2, epsilon, decay, step);
            for (int i = 0; i < count; i++)
            {
                double clipped = g[i] * scale;
                m[i] = beta1 * m[i] + (1 - beta1) * clipped;
                v[i] = beta2 * v[i] + (1 - beta2) * clipped * clipped;
                p[i] *= 1 - rate * decay;
                p[i] -= rate / (1 - Math.Pow(beta1, step)) * m[i] / (Math.Sqrt(v[i]) / Math.Sqrt(1 - Math.Pow(beta2, step)) + epsilon);
            }
        }
        double[] got = parameter.ToArray<double>();
        for (int i = 0; i < count; i++) Assert.Equal(p[i], got[i], 1e-13);
    }

    [Fact]
    public void SameBitsForAnyNumberOfThreads()
        => ThreadCounts.AssertSameBits(() =>
        {
            Tensor[] state = [.. Enumerable.Range(0, 3).Select(i => ThreadCounts.Random(i, [100_003]))];
            Tensor second = state[2].Square();
            AdamWStep.AdamW(state[0], ThreadCounts.Random(9, [100_003]), state[1], second, 0.5, 0.01, 0.9, 0.99, 1e-8, 0.1, 4);
            return [.. state, second];
        });

    [Fact]
    public void MomentsOfAnotherShapeAreNamed()
    {
        using TensorScope scope = new();
        Tensor p = Tensor.Zeros([3]);
        Assert.Throws<ArgumentException>(() => AdamWStep.AdamW(p, Tensor.Zeros([3]), Tensor.Zeros([4]), Tensor.Zeros([3]), 1, 0.1, 0.9, 0.9, 1e-8, 0, 1));
    }

    [Fact]
    public void SquaredNormIsThatOfAPlainLoop()
    {
        using TensorScope scope = new();
        Tensor[] tensors = [ThreadCounts.Random(1, [40_003]), FusedGradients.Random(2, [17]), Tensor.Zeros([0]), Tensor.Scalar(3)];
        double expected = tensors[0].ToArray<float>().Sum(x => (double)x * x) + tensors[1].ToArray<double>().Sum(x => x * x) + 9;
        Assert.Equal(expected, SquaredNorm.Of(tensors), expected * 1e-12);
    }
}

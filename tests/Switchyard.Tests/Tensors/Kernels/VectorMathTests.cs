using System.Numerics;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Kernels;

public unsafe class VectorMathTests
{
    [Fact]
    public void ExpIsWithinTwoUnitsInTheLastPlace()
    {
        double worst = 0;
        for (double x = -87.3; x < 88.7; x += 0.00137)
        {
            float y = VectorMath.Exp(new Vector<float>((float)x))[0];
            double expected = Math.Exp((float)x);
            worst = Math.Max(worst, Math.Abs(y - expected) / expected);
        }
        Assert.InRange(worst, 0, 2 * Math.Pow(2, -23));
    }

    [Fact]
    public void ExpAtTheEdges()
    {
        Assert.Equal(1, VectorMath.Exp(Vector<float>.Zero)[0]);
        Assert.Equal(0, VectorMath.Exp(new Vector<float>(float.NegativeInfinity))[0]);
        Assert.Equal(0, VectorMath.Exp(new Vector<float>(-1000))[0]);
        Assert.InRange(VectorMath.Exp(new Vector<float>(float.PositiveInfinity))[0], 3.4e38f, float.PositiveInfinity);
        Assert.True(float.IsNaN(VectorMath.Exp(new Vector<float>(float.NaN))[0]));
        Assert.Equal(Math.E, VectorMath.Exp(Vector<double>.One)[0], 15);
    }

    [Fact]
    public void LoadsAndStoresStopAtTheEndOfARow()
    {
        float[] row = [.. Enumerable.Range(1, 2 * Vector<float>.Count).Select(i => (float)i)];
        double[] doubles = Array.ConvertAll(row, x => (double)x);
        for (int count = 0; count <= Vector<float>.Count; count++)
        {
            float[] copy = new float[row.Length];
            double[] doubleCopy = new double[row.Length];
            fixed (float* from = row, to = copy)
            fixed (double* doublesFrom = doubles, doublesTo = doubleCopy)
            {
                VectorMath.Store(VectorMath.Load(from, count, -1), to, count);
                VectorMath.Store(VectorMath.Load(doublesFrom, count, -1), doublesTo, count);
                if (count < Vector<float>.Count) Assert.Equal(-1, VectorMath.Load(from, count, -1)[count]);
            }
            Assert.Equal(row.Take(count), copy.Take(count));
            Assert.All(copy.Skip(count), x => Assert.Equal(0, x));
            int doubleCount = Math.Min(count, Vector<double>.Count);
            Assert.Equal(doubles.Take(doubleCount), doubleCopy.Take(doubleCount));
            Assert.All(doubleCopy.Skip(doubleCount), x => Assert.Equal(0, x));
        }
    }
}

using FsCheck;
using FsCheck.Fluent;
using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.Operations;

public class BroadcastingTests
{
    [Fact]
    public void CombiningIsThatOfAPlainLoop()
    {
        // Extents 0 to 3, and for each operand whether it stretches along the axis and how many leading axes it lacks.
        Gen<(int, bool, bool)> axis = from extent in Gen.Frequency((1, Gen.Constant(0)), (9, Gen.Choose(1, 4)))
                                      from stretchA in Gen.Elements(true, false, false)
                                      from stretchB in Gen.Elements(true, false, false)
                                      select (extent, stretchA, stretchB);
        Gen<((int, bool, bool)[], int, int)> shapes = from axes in axis.ArrayOf().Where(static axes => axes.Length <= Shape.MaxRank)
                                                      from missingA in Gen.Choose(0, axes.Length)
                                                      from missingB in Gen.Choose(0, axes.Length)
                                                      select (axes, missingA, missingB);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(shapes.ToArbitrary(), static shape => CheckShapes(shape.Item1, shape.Item2, shape.Item3)));
    }

    [Fact]
    public void LargeOperandsAreCutIntoPartsWithoutAGap()
    {
        CheckShapes([(300, false, true), (257, false, false)], 0, 1);
        CheckShapes([(3, false, false), (50_000, true, false)], 0, 0);
        CheckShapes([(70_000, false, false)], 0, 1);
    }

    [Fact]
    public void ShapesThatDoNotFitAreRefused()
    {
        using TensorScope scope = new();
        ArgumentException failure = Assert.Throws<ArgumentException>(() => Tensor.Zeros([2, 3]) + Tensor.Zeros([2, 4]));
        Assert.Contains("[2, 3]", failure.Message, StringComparison.Ordinal);
        Assert.Contains("[2, 4]", failure.Message, StringComparison.Ordinal);
    }

    private static void CheckShapes((int Extent, bool StretchA, bool StretchB)[] axes, int missingA, int missingB)
    {
        using TensorScope scope = new();
        Shape shapeA = Shape.Create([.. axes.Skip(missingA).Select(static axis => axis.StretchA ? 1 : axis.Extent)]);
        Shape shapeB = Shape.Create([.. axes.Skip(missingB).Select(static axis => axis.StretchB ? 1 : axis.Extent)]);
        Tensor a = Numbers(shapeA, 1), b = Numbers(shapeB, 2);
        a.RequiresGradient = b.RequiresGradient = true;

        Tensor y = a - b;
        Shape expected = Shape.Broadcast(shapeA, shapeB);
        Assert.Equal(expected, y.Shape);
        double[] numbersA = a.ToArray<double>(), numbersB = b.ToArray<double>(), numbersY = y.ToArray<double>();
        double[] countsA = new double[numbersA.Length], countsB = new double[numbersB.Length];
        for (long i = 0; i < numbersY.Length; i++)
        {
            int atA = Position(i, expected, shapeA), atB = Position(i, expected, shapeB);
            Assert.Equal(numbersA[atA] - numbersB[atB], numbersY[i]);
            countsA[atA]++;
            countsB[atB]--;
        }
        Tensor[] gradients = Gradients.Of(y.Sum(), [a, b]);
        Assert.Equal(countsA, gradients[0].ToArray<double>());
        Assert.Equal(countsB, gradients[1].ToArray<double>());
    }

    private static int Position(long linear, Shape shape, Shape operand)
    {
        long position = 0, step = 1;
        for (int axis = 1; axis <= shape.Rank; axis++)
        {
            (linear, long index) = Math.DivRem(linear, shape[-axis]);
            if (axis > operand.Rank) continue;
            if (operand[-axis] != 1) position += index * step;
            step *= operand[-axis];
        }
        return (int)position;
    }

    private static Tensor Numbers(Shape shape, int seed)
        => Tensor.From([.. Enumerable.Range(0, (int)shape.Elements).Select(i => (double)(i * 37 % 101 * seed))], shape);
}

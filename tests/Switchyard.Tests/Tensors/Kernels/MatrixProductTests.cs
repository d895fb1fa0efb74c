using System.Numerics;
using FsCheck.Fluent;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Kernels;

/// <summary>Matrix products against a plain loop in float64.</summary>
[Collection(nameof(WorkerPool))]
public sealed unsafe class MatrixProductTests : IDisposable
{
    private static readonly int[] Lengths = [0, 1, 2, 3, 5, 6, 7, 8, 13, 15, 16, 17, 31, 32, 33, 61, 64, 97];
    private readonly int _threads = WorkerPool.Threads;

    public void Dispose() => WorkerPool.Threads = _threads;

    public static TheoryData<bool, bool> Transpositions => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    [Theory]
    [MemberData(nameof(Transpositions))]
    public void Product_of_any_shape_equals_the_plain_loop(bool aTransposed, bool bTransposed)
    {
        WorkerPool.Threads = 2;
        Random random = new(1);
        for (int i = 0; i < 300; i++)
        {
            (int rows, int columns, int inner) = (Pick(random), Pick(random), Pick(random));
            Check<float>(random, rows, columns, inner, aTransposed, bTransposed, gap: i % 3, accumulate: i % 2 == 1);
            Check<double>(random, rows, columns, inner, aTransposed, bTransposed, gap: i % 3, accumulate: i % 2 == 1);
        }
    }

    [Theory]
    [InlineData(1, 300, 700)]
    [InlineData(4, 129, 1031)]
    [InlineData(17, 1000, 257)]
    [InlineData(1, 1, 300_007)]
    [InlineData(20, 20, 10_007)]
    [InlineData(505, 35, 513)]
    [InlineData(1009, 130, 300)]
    [InlineData(31, 2048, 64)]
    [InlineData(4096, 8, 130)]
    [InlineData(16, 300, 1000)]
    public void Product_larger_than_every_block_equals_the_plain_loop(int rows, int columns, int inner)
    {
        Random random = new(2);
        foreach ((bool aTransposed, bool bTransposed, bool accumulate) in
            new[] { (false, false, false), (false, true, true), (true, false, true), (true, true, false) })
        {
            WorkerPool.Threads = 2;
            Check<float>(random, rows, columns, inner, aTransposed, bTransposed, 3, accumulate);
            Check<double>(random, rows, columns, inner, aTransposed, bTransposed, 0, accumulate);
        }
    }

    [Fact]
    public void Batch_equals_a_product_for_each_matrix_and_a_step_of_zero_repeats_one()
    {
        Random random = new(3);
        foreach ((int rows, int columns, int inner) in new[] { (5, 7, 11), (1, 16, 16), (64, 40, 33), (0, 4, 4), (4, 4, 0) })
        {
            const int Batch = 5;
            using NativeMatrix<float> a = new NativeMatrix<float>(Batch * rows, inner).Fill(random);
            using NativeMatrix<float> b = new NativeMatrix<float>(Batch * columns, inner).Fill(random);
            foreach ((bool repeatA, bool repeatB) in new[] { (false, false), (true, false), (false, true) })
            {
                using NativeMatrix<float> actual = new NativeMatrix<float>(Batch * rows, columns).Fill(random);
                using NativeMatrix<float> expected = actual.Clone();
                nint aStep = repeatA ? 0 : rows * inner, bStep = repeatB ? 0 : columns * inner, cStep = rows * columns;
                MatrixProduct.MultiplyBatch(
                    Batch, rows, columns, inner, a.Elements, inner, false, aStep, b.Elements, inner, true, bStep,
                    actual.Elements, columns, cStep, true);
                for (int i = 0; i < Batch; i++)
                {
                    MatrixProduct.MultiplySerial(
                        rows, columns, inner, a.Elements + i * aStep, inner, false, b.Elements + i * bStep, inner, true,
                        expected.Elements + i * cStep, columns, true);
                }

                Assert.Equal(expected.All, actual.All);
            }
        }
    }

    [Fact]
    public void Grouped_rows_equal_a_loop_of_single_products() => CheckGroups(counts =>
    {
        const int Columns = 19, Inner = 23;
        Random random = new(4);
        int[] offsets = Offsets(counts);
        using NativeMatrix<float> a = new NativeMatrix<float>(offsets[^1], Inner).Fill(random);
        using NativeMatrix<float> b = new NativeMatrix<float>(counts.Length * Inner, Columns).Fill(random);
        foreach ((bool bTransposed, bool accumulate) in new[] { (false, false), (true, true) })
        {
            using NativeMatrix<float> actual = new NativeMatrix<float>(offsets[^1], Columns).Fill(random);
            using NativeMatrix<float> expected = actual.Clone();
            fixed (int* o = offsets)
            {
                MatrixProduct.MultiplyGroupedRows(
                    counts.Length, o, Columns, Inner, a.Elements, b.Elements, bTransposed, actual.Elements, accumulate);
            }

            for (int g = 0; g < counts.Length; g++)
            {
                MatrixProduct.MultiplySerial(
                    counts[g], Columns, Inner, a.Elements + offsets[g] * Inner, Inner, false,
                    b.Elements + g * Inner * Columns, bTransposed ? Inner : Columns, bTransposed,
                    expected.Elements + offsets[g] * Columns, Columns, accumulate);
            }

            if (!actual.All.SequenceEqual(expected.All)) return false;
        }

        return true;
    });

    [Fact]
    public void Grouped_inner_equals_a_loop_of_single_products() => CheckGroups(counts =>
    {
        const int Rows = 21, Columns = 18;
        Random random = new(5);
        int[] offsets = Offsets(counts);
        using NativeMatrix<float> a = new NativeMatrix<float>(offsets[^1], Rows).Fill(random);
        using NativeMatrix<float> b = new NativeMatrix<float>(offsets[^1], Columns).Fill(random);
        foreach (bool accumulate in new[] { false, true })
        {
            using NativeMatrix<float> actual = new NativeMatrix<float>(counts.Length * Rows, Columns).Fill(random);
            using NativeMatrix<float> expected = actual.Clone();
            fixed (int* o = offsets)
            {
                MatrixProduct.MultiplyGroupedInner(
                    counts.Length, o, Rows, Columns, a.Elements, b.Elements, actual.Elements, accumulate);
            }

            for (int g = 0; g < counts.Length; g++)
            {
                MatrixProduct.MultiplySerial(
                    Rows, Columns, counts[g], a.Elements + offsets[g] * Rows, Rows, true,
                    b.Elements + offsets[g] * Columns, Columns, false,
                    expected.Elements + g * Rows * Columns, Columns, accumulate);
            }

            if (!actual.All.SequenceEqual(expected.All)) return false;
        }

        return true;
    });

    [Theory]
    [InlineData(300, 310, 400)]
    [InlineData(1, 5000, 300)]
    [InlineData(1030, 33, 257)]
    public void Any_number_of_threads_gives_the_same_bits(int rows, int columns, int inner)
    {
        Random random = new(6);
        using NativeMatrix<float> a = new NativeMatrix<float>(rows, inner).Fill(random);
        using NativeMatrix<float> b = new NativeMatrix<float>(columns, inner).Fill(random);
        using NativeMatrix<float> expected = new(rows, columns);
        MatrixProduct.MultiplySerial(rows, columns, inner, a.Elements, inner, false, b.Elements, inner, true, expected.Elements, columns, false);
        foreach (int count in new[] { 1, 2, 3, 7 })
        {
            WorkerPool.Threads = count;
            using NativeMatrix<float> actual = new(rows, columns);
            MatrixProduct.Multiply(rows, columns, inner, a.Elements, inner, false, b.Elements, inner, true, actual.Elements, columns, false);
            Assert.Equal(expected.All, actual.All);
        }
    }

    [Fact]
    public void Grouped_products_are_the_same_bits_for_any_number_of_threads()
    {
        const int Columns = 96, Inner = 130;
        Random random = new(7);
        int[] offsets = Offsets([500, 0, 3, 211, 0, 77, 1]);
        int groups = offsets.Length - 1;
        using NativeMatrix<float> a = new NativeMatrix<float>(offsets[^1], Inner).Fill(random);
        using NativeMatrix<float> b = new NativeMatrix<float>(groups * Inner, Columns).Fill(random);
        float[]? firstRows = null, firstInner = null;
        foreach (int count in new[] { 1, 2, 3 })
        {
            WorkerPool.Threads = count;
            using NativeMatrix<float> c = new(offsets[^1], Columns);
            using NativeMatrix<float> gradient = new(groups * Inner, Columns);
            fixed (int* o = offsets)
            {
                MatrixProduct.MultiplyGroupedRows(groups, o, Columns, Inner, a.Elements, b.Elements, false, c.Elements, false);
                MatrixProduct.MultiplyGroupedInner(groups, o, Inner, Columns, a.Elements, c.Elements, gradient.Elements, false);
            }

            firstRows ??= c.All.ToArray();
            firstInner ??= gradient.All.ToArray();
            Assert.Equal(firstRows, c.All.ToArray());
            Assert.Equal(firstInner, gradient.All.ToArray());
        }
    }

    [Theory]
    [MemberData(nameof(Transpositions))]
    public void Not_a_number_and_infinity_reach_every_element_that_they_touch(bool aTransposed, bool bTransposed)
    {
        const int Rows = 20, Columns = 37, Inner = 40;
        foreach (float poison in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            Random random = new(8);
            using NativeMatrix<float> a = Operand<float>(random, Rows, Inner, aTransposed, 0);
            using NativeMatrix<float> b = Operand<float>(random, Inner, Columns, bTransposed, 0);
            using NativeMatrix<float> c = new(Rows, Columns);
            Set(a, aTransposed, 7, 11, poison);
            MatrixProduct.Multiply(Rows, Columns, Inner, a.Elements, a.Stride, aTransposed, b.Elements, b.Stride, bTransposed, c.Elements, Columns, false);
            for (int row = 0; row < Rows; row++)
            {
                for (int column = 0; column < Columns; column++) Assert.Equal(row != 7, float.IsFinite(c[row, column]));
            }

            // Zero times infinity is not a number: a kernel may skip nothing.
            for (int k = 0; k < Inner; k++) Set(a, aTransposed, 3, k, 0);
            Set(b, bTransposed, 5, 9, poison);
            MatrixProduct.Multiply(Rows, Columns, Inner, a.Elements, a.Stride, aTransposed, b.Elements, b.Stride, bTransposed, c.Elements, Columns, false);
            Assert.True(float.IsNaN(c[3, 9]));
            Assert.Equal(0, c[3, 8]);
        }
    }

    [Fact]
    public void Nothing_is_allocated_by_a_product()
    {
        const int Size = 200;
        WorkerPool.Threads = 2;
        using NativeMatrix<float> a = new NativeMatrix<float>(Size, Size).Fill(new Random(9));
        using NativeMatrix<float> c = new(Size, Size);
        void Multiply() => MatrixProduct.Multiply(Size, Size, Size, a.Elements, Size, false, a.Elements, Size, true, c.Elements, Size, false);
        Multiply();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) Multiply();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void Check<T>(
        Random random, int rows, int columns, int inner, bool aTransposed, bool bTransposed, int gap, bool accumulate)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        using NativeMatrix<T> a = Operand<T>(random, rows, inner, aTransposed, gap);
        using NativeMatrix<T> b = Operand<T>(random, inner, columns, bTransposed, gap);
        using NativeMatrix<T> c = new NativeMatrix<T>(rows, columns, gap).Fill(random);
        using NativeMatrix<T> start = c.Clone();
        MatrixProduct.Multiply(rows, columns, inner, a.Elements, a.Stride, aTransposed, b.Elements, b.Stride, bTransposed, c.Elements, c.Stride, accumulate);
        double unit = typeof(T) == typeof(float) ? 6e-8 : 2.3e-16;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                double sum = accumulate ? double.CreateChecked(start[row, column]) : 0, magnitude = Math.Abs(sum);
                for (int k = 0; k < inner; k++)
                {
                    double term = double.CreateChecked(aTransposed ? a[k, row] : a[row, k]) * double.CreateChecked(bTransposed ? b[column, k] : b[k, column]);
                    sum += term;
                    magnitude += Math.Abs(term);
                }

                double error = Math.Abs(double.CreateChecked(c[row, column]) - sum);
                Assert.True(
                    error <= unit * (inner + 1) * magnitude,
                    $"[{rows},{inner}]x[{inner},{columns}] transposed {aTransposed},{bTransposed} at {row},{column}: {c[row, column]} instead of {sum}");
            }
        }

        c.AssertGapsUntouched();
    }

    private static NativeMatrix<T> Operand<T>(Random random, int rows, int columns, bool transposed, int gap)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        (transposed ? new NativeMatrix<T>(columns, rows, gap) : new NativeMatrix<T>(rows, columns, gap)).Fill(random);

    private static void Set(NativeMatrix<float> matrix, bool transposed, int row, int column, float value)
    {
        if (transposed) matrix[column, row] = value;
        else matrix[row, column] = value;
    }

    private static void CheckGroups(Func<int[], bool> property) =>
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(Gen.Choose(0, 40).ArrayOf().Select(counts => counts.Append(0).ToArray()).ToArbitrary(), property));

    private static int[] Offsets(int[] counts)
    {
        int[] offsets = new int[counts.Length + 1];
        for (int g = 0; g < counts.Length; g++) offsets[g + 1] = offsets[g] + counts[g];
        return offsets;
    }

    private static int Pick(Random random) => Lengths[random.Next(Lengths.Length)];
}

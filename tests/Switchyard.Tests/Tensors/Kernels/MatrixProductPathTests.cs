using System.Numerics;
using System.Runtime.Intrinsics;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Kernels;

/// <summary>
/// Each way through the matrix product, whatever this processor would choose, against the chain of multiply-adds
/// that the product promises: the same bits where the tile computes it, nearly the same where lanes are added up.
/// </summary>
[Collection(nameof(WorkerPool))]
public sealed unsafe class MatrixProductPathTests : IDisposable
{
    // More than a tile of C in either direction, more than a slice of the inner dimension, and less than a block.
    private static readonly (int Rows, int Columns, int Inner)[] SharedShapes =
    [
        (1030, 40, 400), (70, 2100, 9), (300, 310, 1151), (1, 1, 1), (129, 193, 390),
    ];

    private static readonly (int Rows, int Columns, int Inner)[] Shapes =
    [
        (1, 1, 1), (2, 3, 5), (6, 16, 8), (7, 17, 9), (13, 31, 3), (14, 32, 300), (15, 33, 64), (28, 64, 257), (29, 65, 20),
        (31, 97, 13), (61, 8, 40), (90, 50, 0), (3, 40, 70), (1, 100, 37), (30, 70, 330), (270, 40, 400), (37, 9, 100), (16, 50, 70),
    ];

    private readonly int _threads = WorkerPool.Threads;

    public void Dispose() => WorkerPool.Threads = _threads;

    public static TheoryData<object> Sets
    {
        get
        {
            TheoryData<object> sets = [];
            foreach (InstructionSet set in Enum.GetValues<InstructionSet>())
            {
                sets.Add(new TheoryDataRow<object>(set)
                {
                    Skip = Processor.Supports(set) ? null : $"this processor does not have {set}",
                });
            }

            return sets;
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_instruction_set_gives_the_chain(object chosen)
    {
        InstructionSet set = (InstructionSet)chosen;
        Check((in Block<float> block) => ProductSchedule<float>.RunSerially(block, set));
        Check((in Block<double> block) => ProductSchedule<double>.RunSerially(block, set));
    }

    // The tall tile of the widest set on any processor: vectors of 64 bytes, in software where there are none.
    [Fact]
    public void The_tile_of_fourteen_rows_gives_the_chain()
    {
        Check((in Block<float> block) => BlockProduct.Run<float, Vector512<float>, SoftwareRegister512<float>>(block));
        Check((in Block<double> block) => BlockProduct.Run<double, Vector512<double>, SoftwareRegister512<double>>(block));
    }

    [Fact]
    public void Thin_products_with_wide_vectors_give_the_chain()
    {
        CheckThin((in Block<float> block) => ThinProduct.Run<float, Vector512<float>, SoftwareRegister512<float>>(block, ThinProduct.HasFewColumns(block)));
        CheckThin((in Block<double> block) => ThinProduct.Run<double, Vector512<double>, SoftwareRegister512<double>>(block, ThinProduct.HasFewColumns(block)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Shared_panels_give_the_chain(int threads)
    {
        WorkerPool.Threads = threads;
        Check((in Block<float> block) => SharedProduct<float>.Run(block, Processor.Chosen), SharedShapes);
        Check((in Block<double> block) => SharedProduct<double>.Run(block, Processor.Chosen), SharedShapes[2..]);
        Check((in Block<float> block) => SharedProduct<float>.Run<Vector512<float>, SoftwareRegister512<float>>(block), SharedShapes[3..]);
    }

    private delegate void Kernel<T>(in Block<T> block)
        where T : unmanaged;

    private static void CheckThin<T>(Kernel<T> kernel)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        Check<T>((in Block<T> block) =>
        {
            if (ThinProduct.Suits(block)) kernel(block);
            else ProductSchedule<T>.RunSerially(block, InstructionSet.Portable);
        });

    private static void Check<T>(Kernel<T> kernel, (int Rows, int Columns, int Inner)[]? shapes = null)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Random random = new(1);
        foreach ((int rows, int columns, int inner) in shapes ?? Shapes)
        {
            for (int choice = 0; choice < 8; choice++)
            {
                bool aTransposed = (choice & 1) != 0, bTransposed = (choice & 2) != 0;
                using NativeMatrix<T> a = (aTransposed ? new NativeMatrix<T>(inner, rows, 1) : new NativeMatrix<T>(rows, inner, 2)).Fill(random);
                using NativeMatrix<T> b = (bTransposed ? new NativeMatrix<T>(columns, inner, 3) : new NativeMatrix<T>(inner, columns)).Fill(random);
                using NativeMatrix<T> c = new NativeMatrix<T>(rows, columns, 5).Fill(random);
                using NativeMatrix<T> expected = c.Clone();
                Block<T> block = new(
                    rows, columns, inner, a.Elements, a.Stride, aTransposed, b.Elements, b.Stride, bTransposed,
                    c.Elements, c.Stride, accumulate: (choice & 4) != 0);
                kernel(block);
                bool exact = Fma() && (shapes is not null || !(ThinProduct.Suits(block) && (bTransposed || rows > 1)));
                for (int row = 0; row < rows; row++)
                {
                    for (int column = 0; column < columns; column++)
                    {
                        T sum = block.Accumulate ? expected[row, column] : T.Zero;
                        for (int k = 0; k < inner; k++)
                        {
                            sum = T.FusedMultiplyAdd(aTransposed ? a[k, row] : a[row, k], bTransposed ? b[column, k] : b[k, column], sum);
                        }

                        double error = Math.Abs(double.CreateChecked(sum - c[row, column]));
                        Assert.True(
                            error <= (exact ? 0 : typeof(T) == typeof(float) ? 5e-5 : 1e-13),
                            $"[{rows},{inner}]x[{inner},{columns}] choice {choice} at {row},{column}: {c[row, column]} instead of {sum}");
                    }
                }

                c.AssertGapsUntouched();
            }
        }
    }

    private static bool Fma() => System.Runtime.Intrinsics.X86.Fma.IsSupported || System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported;

    /// <summary>Vectors of 64 bytes on any processor.</summary>
    private readonly struct SoftwareRegister512<T> : IRawRegister<T, Vector512<T>>
        where T : unmanaged
    {
        public static int Count => Vector512<T>.Count;

        public static int TileRows => RawRegister512<T>.TileRows;

        public static int TileVectors => RawRegister512<T>.TileVectors;

        public static int InnerBlock => RawRegister512<T>.InnerBlock;

        public static Vector512<T> Load(T* source) => Vector512.Load(source);

        public static void Store(Vector512<T> value, T* destination) => value.Store(destination);

        public static Vector512<T> Broadcast(T* source) => Vector512.Create(*source);

        public static T Sum(Vector512<T> value) => Vector512.Sum(value);

        public static Vector512<T> MultiplyAdd(Vector512<T> x, Vector512<T> y, Vector512<T> sum) =>
            typeof(T) == typeof(float)
                ? Vector512.FusedMultiplyAdd(x.AsSingle(), y.AsSingle(), sum.AsSingle()).As<float, T>()
                : Vector512.FusedMultiplyAdd(x.AsDouble(), y.AsDouble(), sum.AsDouble()).As<double, T>();
    }
}

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// A series of products and how it is shared out over the pool: each C is cut into a grid of blocks, and the blocks
/// of all products stand in one queue, so that uneven groups keep every thread busy.
/// </summary>
internal unsafe struct ProductSchedule<T>
    where T : unmanaged
{
    // Multiply-adds that are worth waking a thread for.
    private const long WorthSharing = 1 << 17;

    // A thread that the operating system holds up leaves its other blocks to the rest.
    private const int BlocksPerThread = 3;

    // A shorter block costs too much packing; it is halved only for a thread that would have none.
    private const int WorthHalving = 768;

    /// <summary>How many products.</summary>
    internal int Products;

    /// <summary>The first product; the others differ by the steps and offsets.</summary>
    internal Block<T> First;

    /// <summary>Elements from one A, B and C to the next.</summary>
    internal nint AStep, BStep, CStep;

    /// <summary>[products + 1]: product p has these rows of one A and one C; null where all have the same count.</summary>
    internal int* RowOffsets;

    /// <summary>[products + 1]: product p has these rows of A and B as its inner dimension; null where all are alike.</summary>
    internal int* InnerOffsets;

    private InstructionSet _set;
    private int _blockRows;
    private int _columnBlocks;

    /// <summary>Computes all products on the pool.</summary>
    internal void Run(InstructionSet set)
    {
        if (Products == 1 && RowOffsets is null && InnerOffsets is null && SharedProduct<T>.Suits(First))
        {
            SharedProduct<T>.Run(First, set);
            return;
        }

        _set = set;
        long rows = RowOffsets is null ? First.Rows : Quotient(RowOffsets[Products], Math.Max(Products, 1));
        long inner = InnerOffsets is null ? First.Inner : Quotient(InnerOffsets[Products], Math.Max(Products, 1));
        ChooseGrid(rows, inner);
        fixed (ProductSchedule<T>* schedule = &this)
        {
            int blocks = schedule->Blocks();
            if ((double)Products * rows * First.Columns * inner >= WorthSharing) WorkerPool.Run(blocks, &RunBlock, schedule);
            else
            {
                for (int block = 0; block < blocks; block++) RunBlock(schedule, block);
            }
        }
    }

    /// <summary>Computes one product on the calling thread.</summary>
    internal static void RunSerially(in Block<T> product, InstructionSet set) => Compute(product, product, set);

    // For products of these mean sizes.
    private void ChooseGrid(long rows, long inner)
    {
        _blockRows = (int)Math.Max(rows, 1);
        _columnBlocks = 1;
        if (WorkerPool.Threads == 1 || rows == 0) return;

        while (true)
        {
            long rowBlocks = Quotient(rows, _blockRows), blocks = Products * rowBlocks * _columnBlocks;
            long height = Quotient(rows, rowBlocks), width = Quotient(First.Columns, _columnBlocks);
            bool enough = blocks >= WorkerPool.Threads * (Math.Max(height, width) < WorthHalving ? 1L : BlocksPerThread);
            if (enough || height * width * inner < 2 * WorthSharing) return;
            // Halving the longer side keeps small what is packed more than once.
            if (width > height && width >= 2 * Edges.ColumnStep) _columnBlocks *= 2;
            else if (height > 1) _blockRows = (int)(height + 1) / 2;
            else return;
        }
    }

    private readonly int Blocks()
    {
        if (RowOffsets is null) return checked(Products * BlocksOf(First.Rows));
        int blocks = 0;
        for (int product = 0; product < Products; product++) blocks += BlocksOf(RowsOf(product));
        return blocks;
    }

    private readonly int BlocksOf(int rows) => Quotient(rows, _blockRows) * _columnBlocks;

    private readonly int RowsOf(int product) =>
        RowOffsets is null ? First.Rows : RowOffsets[product + 1] - RowOffsets[product];

    private static void RunBlock(void* state, int block)
    {
        ProductSchedule<T>* schedule = (ProductSchedule<T>*)state;
        int product = 0;
        if (schedule->RowOffsets is null)
        {
            (product, block) = Math.DivRem(block, schedule->BlocksOf(schedule->First.Rows));
        }
        else
        {
            for (int blocks; block >= (blocks = schedule->BlocksOf(schedule->RowsOf(product))); product++) block -= blocks;
        }

        Block<T> whole = schedule->Product(product);
        int rowBlocks = Quotient(whole.Rows, schedule->_blockRows);
        (int column, int row) = Math.DivRem(block, rowBlocks);
        Compute(whole, Edges.Cut(whole, row, rowBlocks, column, schedule->_columnBlocks), schedule->_set);
    }

    private static void Compute(in Block<T> whole, in Block<T> block, InstructionSet set)
    {
        if (block.Rows == 0 || block.Columns == 0) return;
        if (ThinProduct.Suits(whole)) ThinProduct.Run(block, set);
        else BlockProduct.Run(block, set);
    }

    private readonly Block<T> Product(int product)
    {
        Block<T> block = First;
        block.A += product * AStep;
        block.B += product * BStep;
        block.C += product * CStep;
        if (RowOffsets is not null)
        {
            block.Rows = RowsOf(product);
            block.A += (nint)RowOffsets[product] * block.AStride;
            block.C += (nint)RowOffsets[product] * block.CStride;
        }

        if (InnerOffsets is not null)
        {
            block.Inner = InnerOffsets[product + 1] - InnerOffsets[product];
            block.A += (nint)InnerOffsets[product] * block.AStride;
            block.B += (nint)InnerOffsets[product] * block.BStride;
        }

        return block;
    }

    private static int Quotient(long dividend, long divisor) => (int)((dividend + divisor - 1) / divisor);
}

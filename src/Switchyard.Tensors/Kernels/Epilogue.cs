namespace Switchyard.Tensors.Kernels;

/// <summary>What happens to a rectangle of C as soon as it is done, while it is still in the caches; by default nothing.</summary>
internal unsafe struct Epilogue<T>
    where T : unmanaged
{
    /// <summary>Takes C and its stride, how many rows and columns, where in the whole C they begin, and the state.</summary>
    internal delegate*<T*, int, int, int, int, int, void*, void> Apply;

    /// <summary>What it works with beside C.</summary>
    internal void* State;
}

/// <summary>An epilogue written for any width of vectors.</summary>
internal unsafe interface IEpilogue
{
    /// <summary>Does it.</summary>
    static abstract void Apply<T, TVector>(T* c, int cStride, int rows, int columns, int row, int column, void* state)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>;
}

/// <summary>The epilogues there are.</summary>
internal static unsafe class Epilogues
{
    /// <summary>c = max(c, 0).</summary>
    public static Epilogue<T> Rectify<T>()
        where T : unmanaged
        => Choose<Rectified, T>(null);

    /// <summary>c += bias, the same for every row.</summary>
    /// <param name="bias">[columns of C]</param>
    public static Epilogue<T> Add<T>(T* bias)
        where T : unmanaged
        => Choose<Biased, T>(bias);

    /// <summary>c = max(c + bias, 0).</summary>
    /// <param name="bias">[columns of C]</param>
    public static Epilogue<T> AddAndRectify<T>(T* bias)
        where T : unmanaged
        => Choose<BiasedRectified, T>(bias);

    /// <summary>hidden = silu(gate)·c.</summary>
    /// <param name="operands">Must live until the product is done.</param>
    public static Epilogue<T> Gate<T>(GateOperands* operands)
        where T : unmanaged
        => Choose<Gated, T>(operands);

    /// <summary>Matrices of the size of C, without gaps.</summary>
    public struct GateOperands
    {
        public void* Gate;

        /// <summary>May be C itself.</summary>
        public void* Hidden;

        public int Width;
    }

    private static Epilogue<T> Choose<TEpilogue, T>(void* state)
        where TEpilogue : struct, IEpilogue
        where T : unmanaged
        => new()
        {
            State = state,
            Apply = Processor.Chosen switch
            {
                InstructionSet.Avx512 => &Run<TEpilogue, T, Simd512<T>>,
                InstructionSet.Avx2 => &Run<TEpilogue, T, Simd256<T>>,
                _ => &Run<TEpilogue, T, Simd128<T>>,
            },
        };

    private static void Run<TEpilogue, T, TVector>(T* c, int cStride, int rows, int columns, int row, int column, void* state)
        where TEpilogue : struct, IEpilogue
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
        => TEpilogue.Apply<T, TVector>(c, cStride, rows, columns, row, column, state);

    private readonly struct Rectified : IEpilogue
    {
        public static void Apply<T, TVector>(T* c, int cStride, int rows, int columns, int row, int column, void* state)
            where T : unmanaged
            where TVector : unmanaged, ISimd<TVector, T>
        {
            for (int r = 0; r < rows; r++, c += cStride)
            {
                for (int i = 0; i < columns; i += TVector.Count) TVector.Store(TVector.Max(default, TVector.Load(c + i, columns - i)), c + i, columns - i);
            }
        }
    }

    private readonly struct Biased : IEpilogue
    {
        public static void Apply<T, TVector>(T* c, int cStride, int rows, int columns, int row, int column, void* state)
            where T : unmanaged
            where TVector : unmanaged, ISimd<TVector, T>
        {
            T* bias = (T*)state + column;
            for (int r = 0; r < rows; r++, c += cStride)
            {
                for (int i = 0; i < columns; i += TVector.Count) TVector.Store(TVector.Load(c + i, columns - i) + TVector.Load(bias + i, columns - i), c + i, columns - i);
            }
        }
    }

    private readonly struct BiasedRectified : IEpilogue
    {
        public static void Apply<T, TVector>(T* c, int cStride, int rows, int columns, int row, int column, void* state)
            where T : unmanaged
            where TVector : unmanaged, ISimd<TVector, T>
        {
            T* bias = (T*)state + column;
            for (int r = 0; r < rows; r++, c += cStride)
            {
                for (int i = 0; i < columns; i += TVector.Count) TVector.Store(TVector.Max(default, TVector.Load(c + i, columns - i) + TVector.Load(bias + i, columns - i)), c + i, columns - i);
            }
        }
    }

    private readonly struct Gated : IEpilogue
    {
        public static void Apply<T, TVector>(T* c, int cStride, int rows, int columns, int row, int column, void* state)
            where T : unmanaged
            where TVector : unmanaged, ISimd<TVector, T>
        {
            GateOperands* o = (GateOperands*)state;
            for (int r = 0; r < rows; r++, c += cStride)
            {
                nint at = (nint)(row + r) * o->Width + column;
                T* gate = (T*)o->Gate + at, hidden = (T*)o->Hidden + at;
                for (int i = 0; i < columns; i += TVector.Count)
                {
                    TVector g = TVector.Load(gate + i, columns - i);
                    TVector.Store(g * VectorMath.Sigmoid<T, TVector>(g) * TVector.Load(c + i, columns - i), hidden + i, columns - i);
                }
            }
        }
    }
}

using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Dot products of up to four rows of A with three rows of B that both lie along the inner dimension: a vector of partial
/// sums for each, twelve in all, is as many as sixteen registers hold beside three vectors of B and one of A.
/// </summary>
internal static unsafe class DotTile
{
    /// <summary>Rows of B in a tile.</summary>
    public const int Columns = 3;

    /// <summary>Rows of A in the largest tile.</summary>
    public const int MaximumRows = 4;

    /// <summary>Adds to the partial sums.</summary>
    /// <param name="length">A multiple of the lanes.</param>
    /// <param name="a">[rows, length], rows <paramref name="aStride"/> elements apart; the rows are the size of <typeparamref name="TRows"/>, a constant when the method is compiled.</param>
    /// <param name="aStride">Elements from one row of A to the next.</param>
    /// <param name="b0">The first row of B.</param>
    /// <param name="b1">The second row of B.</param>
    /// <param name="b2">The third row of B.</param>
    /// <param name="sums">[rows, 3, lanes]</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Add<T, TVector, TRegister, TRows>(nint length, T* a, nint aStride, T* b0, T* b1, T* b2, T* sums)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
        where TRows : unmanaged
    {
        TVector l0 = default, m0 = default, r0 = default;
        TVector l1 = default, m1 = default, r1 = default;
        TVector l2 = default, m2 = default, r2 = default;
        TVector l3 = default, m3 = default, r3 = default;
        nint next = Columns * TRegister.Count;
        Load<T, TVector, TRegister>(sums, ref l0, ref m0, ref r0);
        if (sizeof(TRows) > 1) Load<T, TVector, TRegister>(sums + next, ref l1, ref m1, ref r1);
        if (sizeof(TRows) > 2) Load<T, TVector, TRegister>(sums + 2 * next, ref l2, ref m2, ref r2);
        if (sizeof(TRows) > 3) Load<T, TVector, TRegister>(sums + 3 * next, ref l3, ref m3, ref r3);
        T* a1 = a + aStride, a2 = a1 + aStride, a3 = a2 + aStride;
        for (nint k = 0; k < length; k += TRegister.Count)
        {
            TVector left = TRegister.Load(b0 + k), middle = TRegister.Load(b1 + k), right = TRegister.Load(b2 + k);
            AddRow<T, TVector, TRegister>(a + k, left, middle, right, ref l0, ref m0, ref r0);
            if (sizeof(TRows) > 1) AddRow<T, TVector, TRegister>(a1 + k, left, middle, right, ref l1, ref m1, ref r1);
            if (sizeof(TRows) > 2) AddRow<T, TVector, TRegister>(a2 + k, left, middle, right, ref l2, ref m2, ref r2);
            if (sizeof(TRows) > 3) AddRow<T, TVector, TRegister>(a3 + k, left, middle, right, ref l3, ref m3, ref r3);
        }

        Store<T, TVector, TRegister>(sums, l0, m0, r0);
        if (sizeof(TRows) > 1) Store<T, TVector, TRegister>(sums + next, l1, m1, r1);
        if (sizeof(TRows) > 2) Store<T, TVector, TRegister>(sums + 2 * next, l2, m2, r2);
        if (sizeof(TRows) > 3) Store<T, TVector, TRegister>(sums + 3 * next, l3, m3, r3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRow<T, TVector, TRegister>(
        T* a, TVector left, TVector middle, TVector right, ref TVector l, ref TVector m, ref TVector r)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        TVector x = TRegister.Load(a);
        l = TRegister.MultiplyAdd(x, left, l);
        m = TRegister.MultiplyAdd(x, middle, m);
        r = TRegister.MultiplyAdd(x, right, r);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load<T, TVector, TRegister>(T* from, ref TVector l, ref TVector m, ref TVector r)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        l = TRegister.Load(from);
        m = TRegister.Load(from + TRegister.Count);
        r = TRegister.Load(from + 2 * TRegister.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<T, TVector, TRegister>(T* to, TVector l, TVector m, TVector r)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        TRegister.Store(l, to);
        TRegister.Store(m, to + TRegister.Count);
        TRegister.Store(r, to + 2 * TRegister.Count);
    }
}

using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>The last, partial register of a row, on processors that have no masked loads and stores.</summary>
internal static unsafe class RowEnd
{
    /// <summary>The first <paramref name="count"/> lanes from memory, the others <paramref name="past"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static TVector Load<T, TVector>(T* source, int count, T past)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector lanes = TVector.Create(past);
        new ReadOnlySpan<T>(source, count).CopyTo(new Span<T>(&lanes, TVector.Count));
        return lanes;
    }

    /// <summary>Stores the first <paramref name="count"/> lanes.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Store<T, TVector>(TVector lanes, T* destination, int count)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
        => new ReadOnlySpan<T>(&lanes, count).CopyTo(new Span<T>(destination, count));
}

using System.Numerics;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// A register full of numbers, with what a formula needs of it. As a type parameter it lets one loop compile to each
/// width without a call left inside.
/// </summary>
/// <typeparam name="TSelf">The register.</typeparam>
/// <typeparam name="T">float or double.</typeparam>
internal unsafe interface ISimd<TSelf, T> :
    IAdditionOperators<TSelf, TSelf, TSelf>,
    ISubtractionOperators<TSelf, TSelf, TSelf>,
    IMultiplyOperators<TSelf, TSelf, TSelf>,
    IDivisionOperators<TSelf, TSelf, TSelf>,
    IUnaryNegationOperators<TSelf, TSelf>
    where TSelf : unmanaged, ISimd<TSelf, T>
    where T : unmanaged
{
    /// <summary>How many numbers a register holds.</summary>
    static abstract int Count { get; }

    /// <summary>Every lane the same number.</summary>
    static abstract TSelf Create(T value);

    /// <summary>Every lane the number nearest to this one.</summary>
    static abstract TSelf Constant(double value);

    static abstract TSelf Load(T* source);

    /// <summary>The next lanes of a row of which <paramref name="remaining"/> elements are left; lanes past its end hold <paramref name="past"/>.</summary>
    static abstract TSelf Load(T* source, int remaining, T past = default);

    static abstract void Store(TSelf value, T* destination);

    /// <summary>Stores the lanes that lie before the end of a row of which <paramref name="remaining"/> elements are left.</summary>
    static abstract void Store(TSelf value, T* destination, int remaining);

    /// <summary>Stores past the caches. The address is a multiple of the register's size.</summary>
    static abstract void Stream(TSelf value, T* destination);

    /// <summary><paramref name="x"/> times <paramref name="y"/> plus <paramref name="sum"/>, rounded once where the processor can.</summary>
    static abstract TSelf MultiplyAdd(TSelf x, TSelf y, TSelf sum);

    /// <summary>The lesser of each pair of lanes; a NaN of <paramref name="y"/> comes through.</summary>
    static abstract TSelf Min(TSelf x, TSelf y);

    /// <summary>The greater of each pair of lanes; a NaN of <paramref name="y"/> comes through.</summary>
    static abstract TSelf Max(TSelf x, TSelf y);

    static abstract TSelf SquareRoot(TSelf x);

    static abstract TSelf Abs(TSelf x);

    /// <summary>The size of one number with the sign of another.</summary>
    static abstract TSelf CopySign(TSelf size, TSelf sign);

    /// <summary>Lane by lane <paramref name="less"/> where x is less than y, else <paramref name="otherwise"/>, as also for NaN.</summary>
    static abstract TSelf WhereLess(TSelf x, TSelf y, TSelf less, TSelf otherwise);

    /// <summary>2ⁿ, for whole n whose power is a normal number.</summary>
    static abstract TSelf PowerOf2(TSelf n);

    /// <summary>All lanes added up, in an order that is always the same.</summary>
    static abstract T Sum(TSelf value);

    /// <summary>The largest lane.</summary>
    static abstract T Largest(TSelf value);
}

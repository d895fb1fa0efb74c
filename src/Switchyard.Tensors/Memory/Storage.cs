namespace Switchyard.Tensors.Memory;

/// <summary>
/// A block of native memory that one or more tensors share. Counted references bring it back to the
/// <see cref="MemoryPool"/>; if every tensor is forgotten instead of disposed, the finaliser frees it.
/// </summary>
internal sealed class Storage
{
    private int _references;

    public Storage(nint address, long bytes, int sizeClass)
    {
        Address = address;
        Bytes = bytes;
        SizeClass = sizeClass;
    }

    ~Storage() => MemoryPool.Forget(this);

    public nint Address { get; }

    public long Bytes { get; }

    public int SizeClass { get; }

    /// <summary>Grows with every in-place change, so that a gradient can tell whether what it saved is still there.</summary>
    public int Version { get; set; }

    public bool IsShared => Volatile.Read(ref _references) > 1;

    public void AddReference() => Interlocked.Increment(ref _references);

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0) MemoryPool.Return(this);
    }
}

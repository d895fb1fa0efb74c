using Switchyard.Tensors.Memory;

namespace Switchyard.Tensors.Kernels;

/// <summary>Memory of the pool for as long as one kernel, or one part of it, runs. Its content is undefined.</summary>
internal readonly unsafe ref struct Workspace<T> : IDisposable
    where T : unmanaged
{
    private readonly Storage _storage;

    public Workspace(long elements)
    {
        _storage = MemoryPool.Rent(elements * sizeof(T));
        _storage.AddReference();
    }

    public T* Pointer => (T*)_storage.Address;

    public void Dispose() => _storage.Release();
}

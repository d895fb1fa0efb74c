using System.Runtime.InteropServices;

namespace Switchyard.Collectives.Transport;

/// <summary>Native memory that grows to what was once asked for and is then used again and again.</summary>
internal sealed unsafe class Scratch : IDisposable
{
    private void* _memory;
    private nint _bytes;

    ~Scratch() => Free();

    /// <summary>That many bytes with undefined content, until the next call.</summary>
    public Region Take(nint bytes)
    {
        if (bytes > _bytes)
        {
            Free();
            _memory = NativeMemory.AlignedAlloc(checked((nuint)bytes), 64);
            _bytes = bytes;
        }

        return new Region(_memory, bytes);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        _bytes = 0;
    }
}

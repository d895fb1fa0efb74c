using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives.Tokens;

/// <summary>Rows copied by index.</summary>
internal static class Rows
{
    /// <summary>target[i] = source[index[i]], where a row has so many bytes.</summary>
    public static void Gather(Region source, ReadOnlySpan<int> index, Region target, nint rowBytes)
    {
        for (int row = 0; row < index.Length; row++) source.Slice(index[row] * rowBytes, rowBytes).CopyTo(target.Slice(row * rowBytes, rowBytes));
    }
}

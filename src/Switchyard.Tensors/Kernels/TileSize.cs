using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>Numbers as types, so that the size of a register tile is a constant when its loop is compiled.</summary>
internal static class TileSize
{
    [InlineArray(1)] internal struct One { private byte unit; }
    [InlineArray(2)] internal struct Two { private byte unit; }
    [InlineArray(3)] internal struct Three { private byte unit; }
    [InlineArray(4)] internal struct Four { private byte unit; }
    [InlineArray(5)] internal struct Five { private byte unit; }
    [InlineArray(6)] internal struct Six { private byte unit; }
    [InlineArray(7)] internal struct Seven { private byte unit; }
    [InlineArray(8)] internal struct Eight { private byte unit; }
    [InlineArray(9)] internal struct Nine { private byte unit; }
    [InlineArray(10)] internal struct Ten { private byte unit; }
    [InlineArray(11)] internal struct Eleven { private byte unit; }
    [InlineArray(12)] internal struct Twelve { private byte unit; }
    [InlineArray(13)] internal struct Thirteen { private byte unit; }
    [InlineArray(14)] internal struct Fourteen { private byte unit; }
}

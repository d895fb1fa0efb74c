namespace Switchyard.Modules.Safetensors;

/// <summary>One tensor of a safetensors file: what the header says about it.</summary>
/// <param name="Name">The tensor's name; unique in its file, possibly empty, never a path.</param>
/// <param name="Type">The element type.</param>
/// <param name="Shape">The dimensions, outermost first; empty for a scalar. A dimension above 2^63 - 1, which only
/// a tensor without elements can have, reads as 2^63 - 1.</param>
/// <param name="Offset">Where the data begins, in bytes from the beginning of the file.</param>
/// <param name="Length">How many bytes the data has.</param>
public sealed record SafetensorsEntry(string Name, SafetensorsType Type, long[] Shape, long Offset, long Length);

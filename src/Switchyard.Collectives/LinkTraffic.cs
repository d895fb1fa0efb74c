namespace Switchyard.Collectives;

/// <summary>How much went over links of one kind.</summary>
/// <param name="Messages">How many messages that were not empty.</param>
/// <param name="Bytes">How many bytes in them.</param>
public readonly record struct LinkTraffic(long Messages, long Bytes)
{
    internal LinkTraffic With(nint bytes) => new(Messages + 1, Bytes + bytes);
}

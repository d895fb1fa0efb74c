using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>What a gate may use beside the hidden vectors of the tokens.</summary>
/// <param name="Random">Noise while training; null where there is none to be, as in evaluation.</param>
public readonly record struct RoutingContext(Philox? Random = null);

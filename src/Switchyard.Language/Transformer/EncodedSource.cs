using Switchyard.Experts;
using Switchyard.Modules;

namespace Switchyard.Language.Transformer;

/// <summary>What an encoder made of sources, ready for every layer of a decoder.</summary>
/// <param name="Keys">The keys and values of each layer.</param>
/// <param name="Routings">The routing of every mixture layer of the encoder.</param>
public sealed record EncodedSource(IReadOnlyList<SourceKeys> Keys, IReadOnlyList<Routing> Routings);

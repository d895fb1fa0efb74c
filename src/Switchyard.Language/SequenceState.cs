using Switchyard.Tensors;

namespace Switchyard.Language;

/// <summary>What a model keeps of the tokens of one sequence that it has read, so that the next costs one token's work. Not differentiable.</summary>
public abstract class SequenceState : IDisposable
{
    /// <summary>Tokens read.</summary>
    public int Length { get; private set; }

    /// <summary>The last of them; null at the beginning.</summary>
    public int? LastId { get; private set; }

    /// <summary>Goes back to the beginning.</summary>
    public virtual void Clear() => (Length, LastId) = (0, null);

    /// <inheritdoc/>
    public abstract void Dispose();

    internal void Advance(Tensor ids)
    {
        Length += (int)ids.Elements;
        LastId = ids.AsReadOnlySpan<int>()[^1];
    }
}

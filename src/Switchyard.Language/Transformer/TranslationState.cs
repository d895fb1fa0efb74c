using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Language.Transformer;

/// <summary>What a decoder keeps of translations that grow side by side, so that the next token of each costs one token's work. Not differentiable.</summary>
public sealed class TranslationState : IDisposable
{
    internal TranslationState(KeyValueCache[] caches) => Caches = caches;

    /// <summary>Tokens read of every translation.</summary>
    public int Length { get; private set; }

    internal KeyValueCache[] Caches { get; }

    /// <summary>The last token of each translation; empty at the beginning.</summary>
    internal int[] Last { get; private set; } = [];

    /// <summary>Lets other translations continue: the n-th of them the one that <paramref name="parents"/> names there.</summary>
    /// <param name="parents">Numbers of translations, each as often as it goes on.</param>
    public void Select(ReadOnlySpan<int> parents)
    {
        foreach (KeyValueCache cache in Caches) cache.Select(parents);
        int[] chosen = new int[parents.Length];
        for (int i = 0; i < chosen.Length; i++) chosen[i] = Last[parents[i]];
        Last = chosen;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (KeyValueCache cache in Caches) cache.Dispose();
    }

    internal void Advance(Tensor ids)
    {
        int batch = ids.Shape[0], length = ids.Shape[1];
        Length += length;
        int[] last = new int[batch];
        for (int sequence = 0; sequence < batch; sequence++) last[sequence] = ids.AsReadOnlySpan<int>()[(sequence + 1) * length - 1];
        Last = last;
    }
}

using Switchyard.Tensors;

namespace Switchyard.Language.Text;

/// <summary>Windows of tokens side by side, as a model reads them: every token but the last, and the successor of each as its target.</summary>
internal readonly struct WindowBatch
{
    /// <summary>Makes room; <see cref="Set"/> fills it.</summary>
    /// <param name="windows">How many windows.</param>
    /// <param name="windowLength">Tokens in a window, the one more included that is only a target.</param>
    public WindowBatch(int windows, int windowLength)
    {
        int context = windowLength - 1;
        Inputs = Tensor.Empty([windows, context], ElementType.Int32);
        Targets = Tensor.Empty([checked(windows * context)], ElementType.Int32);
    }

    /// <summary>What is read, Int32 [windows, window length - 1].</summary>
    public Tensor Inputs { get; }

    /// <summary>What is to be predicted, Int32 [windows · (window length - 1)].</summary>
    public Tensor Targets { get; }

    /// <summary>Fills one place.</summary>
    /// <param name="index">Which.</param>
    /// <param name="window">[window length]</param>
    public void Set(int index, ReadOnlySpan<int> window)
    {
        int start = index * (window.Length - 1);
        window[..^1].CopyTo(Inputs.AsSpan<int>()[start..]);
        window[1..].CopyTo(Targets.AsSpan<int>()[start..]);
    }
}

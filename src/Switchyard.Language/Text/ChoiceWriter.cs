using System.Text;

namespace Switchyard.Language.Text;

/// <summary>
/// Writes a text by random choices and adds up their surprise: -log of the probability of every choice taken. As long
/// as the choices can be read off the text, that sum is -log of the probability of the text itself.
/// </summary>
internal sealed class ChoiceWriter(ulong seed)
{
    private readonly StringBuilder _text = new();
    private ulong _state = seed;

    /// <summary>Characters written so far.</summary>
    public int Length => _text.Length;

    /// <summary>The surprise of all choices so far, in nats.</summary>
    public double Nats { get; private set; }

    /// <summary>Chooses a number at least 0 and less than a bound, all alike.</summary>
    public int Choose(int bound)
    {
        Nats += Math.Log(bound);
        return (int)SplitMix64.Below(Next(), bound);
    }

    /// <summary>Chooses one of several things, all alike.</summary>
    public T Choose<T>(IReadOnlyList<T> things) => things[Choose(things.Count)];

    /// <summary>Says yes so many times in a hundred.</summary>
    public bool Chance(int percent)
    {
        bool yes = SplitMix64.Below(Next(), 100) < percent;
        Nats -= Math.Log((yes ? percent : 100 - percent) / 100.0);
        return yes;
    }

    /// <summary>Writes a text that follows from the choices so far.</summary>
    public void Write(string text) => _text.Append(text);

    /// <summary>All that was written.</summary>
    public override string ToString() => _text.ToString();

    private ulong Next() => SplitMix64.Mix(_state += SplitMix64.Step);
}

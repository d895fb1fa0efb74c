using Switchyard.Language.Tokenizers;

namespace Switchyard.Language.Translation;

/// <summary>The marks that a translator's vocabulary has beside text.</summary>
/// <param name="Padding">Fills a shorter sequence up.</param>
/// <param name="Start">What a translation begins with.</param>
/// <param name="End">What source and translation end with.</param>
public readonly record struct TranslationMarks(int Padding, int Start, int End)
{
    /// <summary>How they are written, in order of their ids.</summary>
    public static IReadOnlyList<string> Texts { get; } = ["[PAD]", "[START]", "[END]"];

    /// <summary>The marks of a vocabulary.</summary>
    /// <exception cref="SwitchyardException">It lacks one.</exception>
    public static TranslationMarks Of(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new(tokenizer.Mark(Texts[0]), tokenizer.Mark(Texts[1]), tokenizer.Mark(Texts[2]));
    }
}

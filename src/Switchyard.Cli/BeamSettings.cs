using System.CommandLine;
using Switchyard.Language.Translation;

namespace Switchyard.Cli;

/// <summary>The options of a beam search, alike in every command that translates.</summary>
internal sealed class BeamSettings
{
    private static readonly BeamOptions Defaults = new();

    /// <summary>Makes the options.</summary>
    public BeamSettings()
    {
        Width.AcceptAtLeast(1);
        LengthPenalty.AcceptFinite();
    }

    /// <summary><c>--beam N</c>.</summary>
    public Option<int> Width { get; } = new("--beam") { Description = "Translations that are followed side by side; 1 takes the likeliest token each time", HelpName = "N", DefaultValueFactory = _ => Defaults.Width };

    /// <summary><c>--length-penalty X</c>.</summary>
    public Option<double> LengthPenalty { get; } = new("--length-penalty") { Description = "Exponent of the length by which scores are divided; larger favours longer translations", HelpName = "X", DefaultValueFactory = _ => Defaults.Strength };

    /// <summary>Whether the user gave one of them.</summary>
    public bool AreGiven(ParseResult parse) => parse.GetResult(Width) is { Implicit: false } || parse.GetResult(LengthPenalty) is { Implicit: false };

    /// <summary>What was asked for.</summary>
    public BeamOptions Of(ParseResult parse) => Defaults with { Width = parse.GetValue(Width), Strength = parse.GetValue(LengthPenalty) };
}

namespace Switchyard.Collectives.Transport;

/// <summary>Where in the program a call stands.</summary>
/// <param name="Member">The method.</param>
/// <param name="File">Its source file.</param>
/// <param name="Line">The line.</param>
internal readonly record struct SourceLine(string Member, string File, int Line)
{
    /// <summary>As it stands in messages: "Trainer.cs:34 (Step)".</summary>
    public override string ToString() => $"{File[(File.LastIndexOfAny(['/', '\\']) + 1)..]}:{Line} ({Member})";
}

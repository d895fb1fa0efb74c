namespace Switchyard.Language.Text;

/// <summary>A stretch of the generated corpus that belongs to one domain, its closing blank line included.</summary>
/// <param name="Domain">The name of the domain.</param>
/// <param name="Start">Its first byte.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Nats">The surprise of the choices that made it: of its domain and of all within.</param>
public sealed record GeneratedPassage(string Domain, int Start, int Length, double Nats);

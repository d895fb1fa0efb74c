namespace Switchyard.Collectives.Simulation;

/// <summary>Bytes that go to another rank in one piece.</summary>
/// <param name="Destination">The rank.</param>
/// <param name="Bytes">More than 0.</param>
public readonly record struct Message(int Destination, double Bytes);

/// <summary>
/// One step of an exchange: every rank rearranges its memory, sends its messages in order, and goes on to the next
/// step when they have left and all that is meant for it has come.
/// </summary>
/// <param name="CopiedBytes">What a rank rearranges first.</param>
/// <param name="Messages">What a rank sends, first to last.</param>
public sealed record ExchangePhase(Func<int, double> CopiedBytes, Func<int, IEnumerable<Message>> Messages);

namespace Switchyard.Training;

/// <summary>How far a piece of work has come that is part of a longer one, such as an evaluation inside a training.</summary>
/// <param name="Activity">What goes on: "evaluating".</param>
/// <param name="Unit">What is counted, in the plural: "windows".</param>
/// <param name="Done">How many are done.</param>
/// <param name="Total">How many there are in all; the work ends when so many are done.</param>
public readonly record struct WorkProgress(string Activity, string Unit, long Done, long Total);

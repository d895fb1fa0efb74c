namespace Switchyard.Ranking.Bias;

/// <summary>
/// What another policy would have earned, from the log of the one that acted (Dudík et al., ICML 2011; Swaminathan and Joachims,
/// NIPS 2015; Wang et al., ICML 2017).
/// </summary>
/// <param name="contexts">The context of each action.</param>
/// <param name="actions">What was done.</param>
/// <param name="rewards">What came of it.</param>
/// <param name="logging">The probabilities of the policy that acted [contexts, actions].</param>
/// <param name="target">Those of the policy that is judged [contexts, actions].</param>
/// <param name="estimates">Estimated rewards [contexts, actions].</param>
public sealed class OffPolicy(int[] contexts, int[] actions, double[] rewards, double[,] logging, double[,] target, double[,] estimates)
{
    /// <summary>target/logging of what was done [rows].</summary>
    public double[] Weights { get; } = [.. contexts.Select((context, row) => target[context, actions[row]] / logging[context, actions[row]])];

    /// <summary>The mean estimated reward of the target policy.</summary>
    public double DirectMethod => contexts.Average(Expected);

    /// <summary>The mean of weight times reward.</summary>
    public double Ips => Weights.Select((weight, row) => weight * rewards[row]).Average();

    /// <summary>The same over the mean weight.</summary>
    public double Snips => Ips / Weights.Average();

    /// <summary>The direct method, corrected by the weighted error of the estimates.</summary>
    public double DoublyRobust => DirectMethod + Weights.Select((weight, row) => weight * Error(row)).Average();

    /// <summary>The same with the correction over the mean weight.</summary>
    public double SelfNormalisedDoublyRobust => DirectMethod + Weights.Select((weight, row) => weight * Error(row)).Average() / Weights.Average();

    /// <summary>How many rows of weight 1 say as much: (Σw)²/Σw².</summary>
    public double EffectiveSampleSize => Math.Pow(Weights.Sum(), 2) / Weights.Sum(static weight => weight * weight);

    /// <summary>Inverse propensity scoring with weights of at most a limit.</summary>
    public double ClippedIps(double limit) => Weights.Select((weight, row) => Math.Min(weight, limit) * rewards[row]).Average();

    /// <summary>Doubly robust, with the correction only where the weight is at most a limit.</summary>
    public double SwitchDoublyRobust(double limit) => DirectMethod + Weights.Select((weight, row) => weight <= limit ? weight * Error(row) : 0).Average();

    private double Expected(int context)
    {
        double sum = 0;
        for (int action = 0; action < target.GetLength(1); action++) sum += target[context, action] * estimates[context, action];
        return sum;
    }

    private double Error(int row) => rewards[row] - estimates[contexts[row], actions[row]];
}

namespace Switchyard.Ranking.Metrics;

/// <summary>
/// An expression in the scores of the tasks, such as <c>click * (1 + like) ^ 0.5</c>: numbers, names of tasks, + - * / ^, parentheses,
/// and min, max, log, exp and sqrt. It is compiled once, to steps on a stack; to evaluate it allocates nothing.
/// </summary>
public sealed class ScoreExpression
{
    private readonly Step[] _steps;
    private readonly int _height;

    /// <summary>Takes steps over.</summary>
    /// <param name="steps">In the order in which they are done.</param>
    /// <param name="height">The most numbers that stand on the stack.</param>
    internal ScoreExpression(Step[] steps, int height) => (_steps, _height) = (steps, height);

    /// <summary>What a step does.</summary>
    internal enum Operation
    {
        /// <summary>Puts a number onto the stack.</summary>
        Number,

        /// <summary>Puts the score of a task onto it.</summary>
        Score,

        /// <summary>-a.</summary>
        Negate,

        /// <summary>ln a.</summary>
        Logarithm,

        /// <summary>exp a.</summary>
        Exponential,

        /// <summary>√a.</summary>
        Root,

        /// <summary>a + b.</summary>
        Add,

        /// <summary>a - b.</summary>
        Subtract,

        /// <summary>a·b.</summary>
        Multiply,

        /// <summary>a/b.</summary>
        Divide,

        /// <summary>a to the power of b.</summary>
        Power,

        /// <summary>The smaller of two.</summary>
        Minimum,

        /// <summary>The larger of two.</summary>
        Maximum,
    }

    /// <summary>Compiles an expression.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="tasks">The names of the tasks, in the order of their scores.</param>
    /// <exception cref="SwitchyardException">It is none; the message says at which character.</exception>
    public static ScoreExpression Parse(string text, IReadOnlyList<string> tasks)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(tasks);
        return new ScoreExpressionParser(text, tasks).Parse();
    }

    /// <summary>The value; NaN where it is no finite number, as where scores are divided by 0.</summary>
    /// <param name="scores">The score of each task.</param>
    /// <param name="weights">Without meaning: an expression has its weights in it.</param>
    public double Of(ReadOnlySpan<double> scores, ReadOnlySpan<double> weights = default)
    {
        Span<double> stack = stackalloc double[_height];
        int top = -1;
        foreach (Step step in _steps)
        {
            if (step.Operation == Operation.Number) stack[++top] = step.Number;
            else if (step.Operation == Operation.Score) stack[++top] = scores[step.Task];
            else if (step.Operation < Operation.Add) stack[top] = Apply(step.Operation, stack[top], 0);
            else stack[--top] = Apply(step.Operation, stack[top], stack[top + 1]);
        }
        return double.IsFinite(stack[0]) ? stack[0] : double.NaN;
    }

    /// <summary>What an operation makes of one number, or two.</summary>
    internal static double Apply(Operation operation, double a, double b) => operation switch
    {
        Operation.Negate => -a,
        Operation.Logarithm => Math.Log(a),
        Operation.Exponential => Math.Exp(a),
        Operation.Root => Math.Sqrt(a),
        Operation.Add => a + b,
        Operation.Subtract => a - b,
        Operation.Multiply => a * b,
        Operation.Divide => a / b,
        Operation.Power => Math.Pow(a, b),
        Operation.Minimum => Math.Min(a, b),
        _ => Math.Max(a, b),
    };

    /// <summary>One step.</summary>
    /// <param name="Operation">What it does.</param>
    /// <param name="Task">Whose score it puts onto the stack.</param>
    /// <param name="Number">What number.</param>
    internal readonly record struct Step(Operation Operation, int Task = 0, double Number = 0);
}

using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Switchyard.Ranking.Metrics;

namespace Switchyard.Tests.Ranking.Metrics;

public sealed class ScoreExpressionTests
{
    private static readonly string[] Tasks = ["click", "like", "watch"];

    private static readonly double[] Scores = [0.25, 0.5, 3];

    public static TheoryData<string, double> Expressions => new()
    {
        { "click", 0.25 },
        { "1 + 2 * 3 - 4 / 8", 6.5 },
        { "8 - 4 - 2", 2 },
        { "8 / 4 / 2", 1 },
        { "2 ^ 3 ^ 2", 512 },
        { "-2 ^ 2", -4 },
        { "2 ^ -1", 0.5 },
        { "(1 + 2) * 3", 9 },
        { "click * (1 + like) ^ 0.5", 0.25 * Math.Sqrt(1.5) },
        { "min(click, like, watch) + max(click, like)", 0.75 },
        { "sqrt(click) * exp(log(watch))", 1.5 },
        { " 1e2*click+.5 ", 25.5 },
        { "- - click", 0.25 },
        { "watch / (click - 0.25)", double.NaN },
        { "log(click - 0.25)", double.NaN },
    };

    [Theory]
    [MemberData(nameof(Expressions))]
    public void An_expression_has_its_value(string text, double expected) => Assert.Equal(expected, ScoreExpression.Parse(text, Tasks).Of(Scores), 1e-12);

    [Theory]
    [InlineData("clik", 1, "no task 'clik'")]
    [InlineData("click + dwell", 9, "no task 'dwell'")]
    [InlineData("(click + like", 14, "( of character 1 is not closed")]
    [InlineData("click)", 6, "')' is not expected here")]
    [InlineData("click like", 7, "'l' is not expected here")]
    [InlineData("", 1, "it ends where")]
    [InlineData("click *", 8, "it ends where")]
    [InlineData("click + * like", 9, "'*' where a number or a task was expected")]
    [InlineData("click / 0", 7, "divides by zero")]
    [InlineData("click / (2 - 2)", 7, "divides by zero")]
    [InlineData("log(0)", 1, "no finite number")]
    [InlineData("1e999", 1, "'1e999' is no finite number")]
    [InlineData("1.2.3", 1, "'1.2.3' is no finite number")]
    [InlineData("min(click)", 1, "min takes two numbers or more")]
    [InlineData("sqrt(click, like)", 11, "sqrt takes one number")]
    [InlineData("min(click, like", 16, "( of min is not closed")]
    [InlineData("click # like", 7, "'#' is not expected here")]
    [InlineData("click\0like", 6, "is not expected here")]
    public void What_is_no_expression_is_refused_with_its_place(string text, int character, string message)
    {
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => ScoreExpression.Parse(text, Tasks));
        Assert.Contains($"character {character}: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        Assert.Contains("click, like, watch", failure.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(")]
    [InlineData("-")]
    [InlineData("2^")]
    [InlineData("sqrt(")]
    public void What_is_nested_without_end_is_refused(string part)
    {
        foreach (int times in (ReadOnlySpan<int>)[900, 100_000])
        {
            string text = string.Concat(Enumerable.Repeat(part, times)) + "click";
            Assert.Throws<SwitchyardException>(() => ScoreExpression.Parse(text, Tasks));
        }
    }

    [Fact]
    public void Evaluating_allocates_nothing()
    {
        Combining combine = ScoreCombination.Parse("click * (1 + like) ^ 0.5 + min(watch, 2)", Tasks);
        _ = combine(Scores, []);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) _ = combine(Scores, []);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>Random trees, written down with and without spaces and evaluated beside.</summary>
    [Fact]
    public void Any_tree_that_is_written_down_is_read_back_to_its_value()
        => Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            Random random = new(seed);
            (string text, double value) = Tree(random, 5);
            double got = ScoreExpression.Parse(text, Tasks).Of(Scores);
            return double.IsFinite(value) ? Math.Abs(got - value) <= 1e-9 * Math.Max(1, Math.Abs(value)) : double.IsNaN(got);
        }));

    private static (string Text, double Value) Tree(Random random, int depth)
    {
        int kind = depth == 0 ? random.Next(2) : random.Next(9);
        if (kind == 0)
        {
            double number = Math.Round(0.1 + random.NextDouble(), 3);
            return (number.ToString(CultureInfo.InvariantCulture), number);
        }
        int task = random.Next(Tasks.Length);
        if (kind == 1) return (Tasks[task], Scores[task]);
        (string a, double x) = Tree(random, depth - 1);
        // A score within every operand: what is constant and not finite would be refused.
        (string leaf, double leafValue) = Tree(random, 0);
        (string b, double y) = ($"(click + {leaf})", Scores[0] + leafValue);
        return kind switch
        {
            2 => ($"({a} + {b})", x + y),
            3 => ($"({a}-{b})", x - y),
            4 => ($"({a} * {b})", x * y),
            5 => ($"({a} / {b})", x / y),
            6 => ($"(sqrt({b})^{a})", Math.Pow(Math.Sqrt(y), x)),
            7 => ($"max({a}, {b}, click)", Math.Max(Math.Max(x, y), Scores[0])),
            _ => ($"-({a})", -x),
        };
    }
}

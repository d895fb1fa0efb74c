using System.Globalization;
using static Switchyard.Ranking.Metrics.ScoreExpression;

namespace Switchyard.Ranking.Metrics;

/// <summary>
/// Reads an expression by recursive descent and writes its steps down: sum := product (+|- product)*, product := factor (*|/ factor)*,
/// factor := - factor | value (^ factor)?, value := number | task | function ( sum , .. ) | ( sum ). What does not depend on a score is
/// computed at once.
/// </summary>
/// <param name="text">The expression.</param>
/// <param name="tasks">The names of the tasks.</param>
internal sealed class ScoreExpressionParser(string text, IReadOnlyList<string> tasks)
{
    // It comes from outside: without limits it could exhaust the stack.
    private const int Deepest = 50;
    private const int Longest = 4000;

    private static readonly Dictionary<string, Operation> Functions = new()
    {
        ["min"] = Operation.Minimum,
        ["max"] = Operation.Maximum,
        ["log"] = Operation.Logarithm,
        ["exp"] = Operation.Exponential,
        ["sqrt"] = Operation.Root,
    };

    private readonly List<Step> _steps = [];
    private int _at;
    private int _depth;
    private int _height;
    private int _highest;

    /// <summary>Reads all of it.</summary>
    /// <exception cref="SwitchyardException">It is no expression.</exception>
    public ScoreExpression Parse()
    {
        if (text.Length > Longest) throw new SwitchyardException($"the combination of the scores has {text.Length} characters, and at most {Longest} are read", Hint);
        Sum();
        Next();
        if (_at < text.Length) throw Wrong(_at, $"'{text[_at]}' is not expected here");
        return new ScoreExpression([.. _steps], _highest);
    }

    private string Hint => $"give sum, product, or an expression such as {tasks[0]} ^ 0.5 in numbers, {string.Join(", ", tasks)}, + - * / ^ ( ), {string.Join(", ", Functions.Keys)}";

    private void Sum()
    {
        Product();
        for (char sign = Next(); sign is '+' or '-'; sign = Next())
        {
            int at = _at++;
            Product();
            Write(sign == '+' ? Operation.Add : Operation.Subtract, at);
        }
    }

    private void Product()
    {
        Factor();
        for (char sign = Next(); sign is '*' or '/'; sign = Next())
        {
            int at = _at++;
            Factor();
            Write(sign == '*' ? Operation.Multiply : Operation.Divide, at);
        }
    }

    private void Factor()
    {
        if (++_depth > Deepest) throw Wrong(_at, $"it is nested more than {Deepest} deep");
        if (Next() == '-')
        {
            int at = _at++;
            Factor();
            Write(Operation.Negate, at);
        }
        else
        {
            Value();
            if (Next() == '^')
            {
                int at = _at++;
                Factor();
                Write(Operation.Power, at);
            }
        }
        _depth--;
    }

    private void Value()
    {
        char first = Next();
        int at = _at;
        if (first == '(')
        {
            _at++;
            Sum();
            Expect(')', $"the ( of character {at + 1} is not closed");
        }
        else if (char.IsAsciiDigit(first) || first == '.') Push(new Step(Operation.Number, Number: Number()));
        else if (char.IsLetter(first) || first == '_') Named(Name());
        else throw Wrong(at, first == '\0' ? "it ends where a number or a task was expected" : $"'{first}' where a number or a task was expected");
    }

    private void Named(string name)
    {
        int at = _at - name.Length;
        if (Functions.TryGetValue(name, out Operation function) && Next() == '(') Call(name, function, at);
        else if (tasks.ToList().IndexOf(name) is >= 0 and int task) Push(new Step(Operation.Score, Task: task));
        else throw Wrong(at, $"there is no task '{name}'");
    }

    private void Call(string name, Operation function, int at)
    {
        _at++;
        Sum();
        bool takesTwo = function >= Operation.Add;
        int arguments = 1;
        for (; takesTwo && Next() == ','; arguments++)
        {
            _at++;
            Sum();
            Write(function, at);
        }
        Expect(')', takesTwo ? $"the ( of {name} is not closed" : $"{name} takes one number, and its ( is not closed after it");
        if (!takesTwo) Write(function, at);
        else if (arguments == 1) throw Wrong(at, $"{name} takes two numbers or more");
    }

    private double Number()
    {
        int start = _at;
        while (_at < text.Length && (char.IsAsciiDigit(text[_at]) || text[_at] == '.')) _at++;
        if (_at < text.Length && text[_at] is 'e' or 'E')
        {
            _at++;
            if (_at < text.Length && text[_at] is '+' or '-') _at++;
            while (_at < text.Length && char.IsAsciiDigit(text[_at])) _at++;
        }
        return double.TryParse(text.AsSpan(start, _at - start), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? number
            : throw Wrong(start, $"'{text[start.._at]}' is no finite number");
    }

    private string Name()
    {
        int start = _at;
        while (_at < text.Length && (char.IsLetterOrDigit(text[_at]) || text[_at] is '_' or '.')) _at++;
        return text[start.._at];
    }

    private char Next()
    {
        while (_at < text.Length && char.IsWhiteSpace(text[_at])) _at++;
        return _at < text.Length ? text[_at] : '\0';
    }

    private void Expect(char expected, string otherwise)
    {
        if (Next() != expected) throw Wrong(_at, otherwise);
        _at++;
    }

    private void Push(Step step)
    {
        _steps.Add(step);
        _highest = Math.Max(_highest, ++_height);
    }

    private void Write(Operation operation, int at)
    {
        int operands = operation < Operation.Add ? 1 : 2;
        _height -= operands - 1;
        if (operation == Operation.Divide && _steps[^1] is { Operation: Operation.Number, Number: 0 }) throw Wrong(at, "it divides by zero");
        if (_steps.TakeLast(operands).Any(static step => step.Operation != Operation.Number))
        {
            _steps.Add(new Step(operation));
            return;
        }
        double value = Apply(operation, _steps[^operands].Number, _steps[^1].Number);
        if (!double.IsFinite(value)) throw Wrong(at, "what is computed here is no finite number");
        _steps.RemoveRange(_steps.Count - operands, operands);
        _steps.Add(new Step(Operation.Number, Number: value));
    }

    private SwitchyardException Wrong(int at, string what) => new($"the combination of the scores '{text.ReplaceLineEndings(" ")}', character {at + 1}: {what}", Hint);
}

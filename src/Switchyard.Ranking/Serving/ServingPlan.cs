using System.Numerics.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Ranking.Serving;

/// <summary>Where numbers of a block of candidates stand in a workspace: [rows, width], rows a stride apart.</summary>
/// <param name="Start">The first number.</param>
/// <param name="Width">Numbers of a row.</param>
/// <param name="Stride">From one row to the next.</param>
internal readonly record struct Place(int Start, int Width, int Stride)
{
    /// <summary>Some of the columns.</summary>
    public Place Columns(int first, int width) => new(Start + first, width, Stride);

    /// <summary>The numbers of a row.</summary>
    public Span<float> Row(float[] numbers, int row) => numbers.AsSpan(Start + row * Stride, Width);
}

/// <summary>One step from the features of a block of candidates to their scores.</summary>
internal abstract class ServingStep
{
    /// <summary>Does what is the same for all candidates of a request.</summary>
    public virtual void Begin(float[] numbers)
    {
    }

    /// <summary>Computes a block.</summary>
    public abstract void Run(float[] numbers, int rows);
}

/// <summary>A network as steps over one array of numbers, laid out once: a request allocates nothing.</summary>
internal sealed class ServingPlan
{
    /// <summary>Candidates of a block.</summary>
    public const int BlockRows = 128;

    private readonly List<ServingStep> _steps = [];

    /// <summary>Numbers of a workspace.</summary>
    public int Numbers { get; private set; }

    /// <summary>Makes room for a block of rows.</summary>
    public Place Reserve(int width)
    {
        Place place = new(Numbers, width, width);
        Numbers = checked(Numbers + width * BlockRows);
        return place;
    }

    /// <summary>Makes room for numbers that all candidates share.</summary>
    public Place ReserveShared(int width)
    {
        Place place = new(Numbers, width, 0);
        Numbers = checked(Numbers + width);
        return place;
    }

    /// <summary>Adds a step.</summary>
    public void Add(ServingStep step) => _steps.Add(step);

    /// <summary>Does what is the same for all candidates of a request.</summary>
    public void Begin(float[] numbers)
    {
        foreach (ServingStep step in _steps) step.Begin(numbers);
    }

    /// <summary>Computes a block.</summary>
    public void Run(float[] numbers, int rows)
    {
        foreach (ServingStep step in _steps) step.Run(numbers, rows);
    }
}

/// <summary>What a step reads: numbers of each candidate, and beside them numbers of the query.</summary>
/// <param name="Candidates">[rows, width]</param>
/// <param name="Query">The query's [width], or null where there are none.</param>
/// <param name="ColumnOf">The column of a weight that belongs to each number: the candidates', then the query's; null where they stand in order.</param>
internal sealed record ServingInput(Place Candidates, Place? Query = null, int[]? ColumnOf = null);

/// <summary>y = x·Wᵀ + b, with a ReLU if asked for. The query's share is computed once for a request.</summary>
internal sealed class LinearStep : ServingStep
{
    private readonly Place _x;
    private readonly Place? _query;
    private readonly float[] _weight;
    private readonly float[] _queryWeight;
    private readonly float[] _bias;
    private readonly Place _base;
    private readonly Place _y;
    private readonly bool _relu;

    /// <summary>Makes a step.</summary>
    /// <param name="plan">Gives room.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="weight">W [out, in], row by row.</param>
    /// <param name="bias">b [out].</param>
    /// <param name="relu">Whether what is below 0 becomes 0.</param>
    public LinearStep(ServingPlan plan, ServingInput input, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, bool relu)
    {
        (_x, _query, _relu) = (input.Candidates, input.Query, relu);
        int inner = weight.Length / bias.Length, own = _x.Width;
        _bias = bias.ToArray();
        _weight = new float[bias.Length * own];
        _queryWeight = new float[bias.Length * (inner - own)];
        for (int output = 0; output < bias.Length; output++)
        {
            for (int i = 0; i < inner; i++)
            {
                float value = weight[output * inner + (input.ColumnOf is { } columns ? columns[i] : i)];
                if (i < own) _weight[output * own + i] = value;
                else _queryWeight[output * (inner - own) + i - own] = value;
            }
        }
        _base = plan.ReserveShared(bias.Length);
        _y = plan.Reserve(bias.Length);
    }

    /// <summary>What it writes [rows, out].</summary>
    public Place Output => _y;

    /// <inheritdoc/>
    public override void Begin(float[] numbers)
    {
        Span<float> start = numbers.AsSpan(_base.Start, _base.Width);
        if (_query is { } query) SpanProduct.Linear(numbers.AsSpan(query.Start, query.Width), 1, query.Width, query.Width, _queryWeight, _bias, start);
        else _bias.CopyTo(start);
    }

    /// <inheritdoc/>
    public override void Run(float[] numbers, int rows)
    {
        Span<float> y = numbers.AsSpan(_y.Start, rows * _y.Width);
        SpanProduct.Linear(numbers.AsSpan(_x.Start, (rows - 1) * _x.Stride + _x.Width), rows, _x.Width, _x.Stride, _weight, numbers.AsSpan(_base.Start, _base.Width), y);
        if (_relu) TensorPrimitives.Max(y, 0f, y);
    }
}

/// <summary>The softmax of every row, in place.</summary>
/// <param name="x">[rows, experts]</param>
internal sealed class SoftmaxStep(Place x) : ServingStep
{
    /// <inheritdoc/>
    public override void Run(float[] numbers, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            Span<float> own = x.Row(numbers, row);
            TensorPrimitives.SoftMax(own, own);
        }
    }
}

/// <summary>y = Σ g_e·a_e: the answers of experts mixed by a gate.</summary>
/// <param name="gate">[rows, experts]</param>
/// <param name="answers">Of each expert [rows, width].</param>
/// <param name="y">[rows, width]</param>
internal sealed class MixStep(Place gate, Place[] answers, Place y) : ServingStep
{
    /// <inheritdoc/>
    public override void Run(float[] numbers, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> weights = gate.Row(numbers, row);
            Span<float> mixed = y.Row(numbers, row);
            mixed.Clear();
            for (int expert = 0; expert < answers.Length; expert++) TensorPrimitives.MultiplyAdd(answers[expert].Row(numbers, row), weights[expert], mixed, mixed);
        }
    }
}

/// <summary>y = Σ s_j·h_j with a weight per state, or per unit: one output of a cross-stitch.</summary>
/// <param name="states">The states of all tasks [rows, width].</param>
/// <param name="shares">Their weights, of length 1 or width each.</param>
/// <param name="y">[rows, width]</param>
internal sealed class StitchStep(Place[] states, float[][] shares, Place y) : ServingStep
{
    /// <inheritdoc/>
    public override void Run(float[] numbers, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            Span<float> mixed = y.Row(numbers, row);
            mixed.Clear();
            for (int state = 0; state < states.Length; state++)
            {
                if (shares[state].Length == 1) TensorPrimitives.MultiplyAdd(states[state].Row(numbers, row), shares[state][0], mixed, mixed);
                else TensorPrimitives.MultiplyAdd(states[state].Row(numbers, row), shares[state], mixed, mixed);
            }
        }
    }
}

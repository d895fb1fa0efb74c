using Switchyard.Tensors.Kernels;

namespace Switchyard.Ranking.Serving;

/// <summary>y = x·Wᵀ + b, with a ReLU if asked for. The query's share is computed once for a request.</summary>
internal sealed class LinearStep : ServingStep
{
    private readonly Place _x;
    private readonly Place? _query;
    private readonly PackedLinear _weight;
    private readonly PackedLinear _queryWeight;
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
        float[] candidates = new float[bias.Length * own], query = new float[bias.Length * (inner - own)];
        for (int output = 0; output < bias.Length; output++)
        {
            for (int i = 0; i < inner; i++)
            {
                float value = weight[output * inner + (input.ColumnOf is { } columns ? columns[i] : i)];
                if (i < own) candidates[output * own + i] = value;
                else query[output * (inner - own) + i - own] = value;
            }
        }
        (_weight, _queryWeight) = (new PackedLinear(candidates, bias.Length), new PackedLinear(query, bias.Length));
        _base = plan.ReserveShared(bias.Length);
        _y = plan.Reserve(bias.Length);
    }

    /// <inheritdoc/>
    public override double Flops => 2.0 * _weight.Weights;

    /// <summary>What it writes [rows, out].</summary>
    public Place Output => _y;

    /// <inheritdoc/>
    public override void Begin(float[] numbers)
    {
        Span<float> start = numbers.AsSpan(_base.Start, _base.Width);
        if (_query is { } query) _queryWeight.Multiply(numbers.AsSpan(query.Start, query.Width), 1, query.Width, _bias, rectifies: false, start);
        else _bias.CopyTo(start);
    }

    /// <inheritdoc/>
    public override void Run(float[] numbers, int rows)
    {
        Span<float> y = numbers.AsSpan(_y.Start, rows * _y.Width);
        _weight.Multiply(numbers.AsSpan(_x.Start, (rows - 1) * _x.Stride + _x.Width), rows, _x.Stride, numbers.AsSpan(_base.Start, _base.Width), _relu, y);
    }
}

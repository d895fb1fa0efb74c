using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>A top-k gate with a cosine router.</summary>
public sealed record CosineOptions : TopKOptions
{
    /// <summary>Length of the vectors that are compared.</summary>
    public int Projection { get; init; } = 256;

    /// <summary>The logarithm of the first temperature factor; Tutel begins with ln 2.</summary>
    public double InitialTemperature { get; init; } = 0.6931471805599453;

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new CosineGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (Projection < 1) throw new ArgumentException($"the projection has {Projection} numbers: give 1 or more");
    }
}

/// <summary>
/// Logits are cosines, times a factor that is learnt: z = exp(min(τ, ln 100))·⟨unit(x·Aᵀ + a), unit(S_e)⟩; the length of a
/// token then says nothing about its experts (X-MoE, arXiv 2204.09179, §3; Tutel). Choosing is that of top-k.
/// </summary>
public sealed class CosineGate : TopKGate
{
    private static readonly double MostTemperature = Math.Log(100);

    private readonly Tensor _projection;
    private readonly Tensor _projectionBias;
    private readonly Tensor _similarity;
    private readonly Tensor _temperature;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public CosineGate(int width, int experts, CosineOptions options, Philox random)
        : base(experts, options)
    {
        _projection = AddParameter("projection", Tensor.Normal([options.Projection, width], 0, 1 / Math.Sqrt(width), random));
        _projectionBias = AddParameter("projection_bias", Tensor.Zeros([options.Projection]));
        _similarity = AddParameter("similarity", Tensor.Normal([options.Projection, experts], 0, 0.01, random));
        _temperature = AddParameter("temperature", Tensor.Full([1], options.InitialTemperature));
    }

    /// <inheritdoc/>
    protected override Tensor Logits(Tensor tokens, RoutingContext context)
    {
        Tensor projected = Tensor.Linear(Jittered(tokens, context), _projection, _projectionBias); // [tokens, projection]
        Tensor cosines = Tensor.MatMul(Unit(projected, -1), Unit(_similarity, 0)); // [tokens, experts]
        return cosines * _temperature.Clamp(null, MostTemperature).Exp();
    }

    private static Tensor Unit(Tensor vectors, int axis) => vectors / vectors.Norm([axis], keepAxes: true).Clamp(1e-12, null);
}

using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Bias;

/// <summary>P(examined) = σ(logit[position, device]): the head of PAL that is left out when serving. Parameter <c>weight</c> [positions, devices].</summary>
public sealed class ExaminationHead : Module
{
    private readonly int _devices;

    /// <summary>Makes a head that starts at 1/2 everywhere.</summary>
    public ExaminationHead(int positions, int devices)
    {
        _devices = devices;
        Weight = AddParameter("weight", Tensor.Zeros([positions, devices]));
    }

    /// <summary>The logits [positions, devices].</summary>
    public Tensor Weight { get; }

    /// <summary>ln P(examined) of examples [rows]; 0 where the position is unknown.</summary>
    public Tensor LogProbability(int[] positions, int[] devices)
    {
        ArgumentNullException.ThrowIfNull(positions);
        int last = Weight.Shape[0] - 1;
        int[] places = [.. positions.Select((position, i) => Math.Clamp(position, 0, last) * _devices + devices[i])];
        Tensor logits = Weight.Reshape([(int)Weight.Elements]).IndexSelect(0, Tensor.From(places, [places.Length]));
        Tensor log = logits.LogSigmoid();
        if (positions.All(static position => position >= 0)) return log;
        using Tensor known = Tensor.From(Array.ConvertAll(positions, static position => position >= 0 ? 1.0 : 0), [positions.Length]);
        return log * known.To(log.Type);
    }

    /// <summary>
    /// The mean cross-entropy of clicks with P(examined)·P(relevant) (Guo et al., PAL, RecSys 2019, equation 3), in logarithms, so that
    /// no probability rounds to 0 or 1.
    /// </summary>
    /// <param name="relevance">Logits of relevance [rows].</param>
    /// <param name="logExamined">See <see cref="LogProbability"/> [rows].</param>
    /// <param name="clicks">0 or 1 [rows].</param>
    /// <returns>The loss of each row [rows].</returns>
    public static Tensor Loss(Tensor relevance, Tensor logExamined, Tensor clicks)
    {
        ArgumentNullException.ThrowIfNull(relevance);
        ArgumentNullException.ThrowIfNull(clicks);
        Tensor logClick = relevance.LogSigmoid() + logExamined; // [rows]
        Tensor noClick = (1 - logClick.Exp()).Clamp(1e-7, null).Log();
        return -(clicks * logClick + (1 - clicks) * noClick);
    }
}

using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Losses.</summary>
internal static class LossCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["cross_entropy"] = static c => Tensor.CrossEntropy(c["logits"], c["targets"], c.Optional("weight"), Reduction(c), c.Integer("ignore_index"), c.Number("label_smoothing")),
        ["cross_entropy_soft"] = static c => Tensor.SoftCrossEntropy(c["logits"], c["targets"], c.Optional("weight"), Reduction(c), c.Number("label_smoothing")),
        ["nll_loss"] = static c => Tensor.NegativeLogLikelihood(c["x"], c["targets"], c.Optional("weight"), Reduction(c), c.Integer("ignore_index")),
        ["bce_with_logits"] = static c => Tensor.BinaryCrossEntropy(c["logits"], c["targets"], c.Optional("weight"), c.Optional("pos_weight"), Reduction(c)),
        ["mse"] = static c => Tensor.SquaredError(c["a"], c["b"], Reduction(c)),
        ["l1"] = static c => Tensor.AbsoluteError(c["a"], c["b"], Reduction(c)),
        ["huber"] = static c => Tensor.HuberError(c["a"], c["b"], c.Number("delta"), Reduction(c)),
        ["smooth_l1"] = static c => Tensor.SmoothAbsoluteError(c["a"], c["b"], c.Number("beta"), Reduction(c)),
        ["kl_divergence"] = static c => Tensor.KullbackLeiblerDivergence(c["x"], c["targets"], c.Flag("log_target"), Reduction(c)),
    };

    private static LossReduction Reduction(TorchCase c) => Enum.Parse<LossReduction>(c.Text("reduction"), ignoreCase: true);
}

using Switchyard.Tensors;
using Switchyard.Training.Reports;

namespace Switchyard.Training;

/// <summary>The loss of one micro-batch.</summary>
/// <param name="Total">What is minimised: one number, the mean over the micro-batch, with all auxiliary losses. Recorded for gradients.</param>
/// <param name="Loss">The task's own loss without auxiliary losses, the mean over the micro-batch.</param>
/// <param name="Tokens">How many tokens, or examples, the means are over: the weight of the micro-batch in its step.</param>
/// <param name="Layers">The routing of each layer that has experts, in order of layer; empty where there is none.</param>
public readonly record struct TaskLoss(Tensor Total, double Loss, long Tokens, IReadOnlyList<LayerMetrics> Layers);

using Switchyard.Collectives;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Training.Ranks;

/// <summary>
/// A model that several ranks train together: experts shared out, everything else on every rank with the same values. Each
/// rank's gradients come from its share of the batch, already weighed by that share, so that their sum is the gradient of
/// the batch: for shared parameters over the ranks, for experts where they live.
/// </summary>
internal sealed class RankedModel : IDisposable
{
    private readonly GradientExchange _gradients;

    /// <summary>Prepares to train. Every rank must call it.</summary>
    /// <param name="model">What this rank has of the model.</param>
    /// <param name="ranks">The ranks.</param>
    public RankedModel(Module model, ProcessGroup ranks)
    {
        (Ranks, Shards) = (ranks, new ShardedParameters(model, ranks));
        _gradients = new GradientExchange(ranks, model.Parameters().Where(parameter => !Shards.Contains(parameter.Name)).Select(static parameter => parameter.Tensor));
    }

    /// <summary>The ranks.</summary>
    public ProcessGroup Ranks { get; }

    /// <summary>What this rank has only a part of.</summary>
    public ShardedParameters Shards { get; }

    /// <inheritdoc/>
    public void Dispose() => _gradients.Dispose();

    /// <summary>The same figures of all ranks added up.</summary>
    public (double Loss, double Weight, long Tokens) Sum(double loss, double weight, long tokens)
    {
        double[] sums = [loss, weight, tokens];
        Ranks.AllReduce<double>(sums);
        return (sums[0], sums[1], (long)sums[2]);
    }

    /// <summary>Whether any rank says so, and the largest of their numbers.</summary>
    public (bool Any, double Most) Agree(bool flag, double number)
    {
        double[] most = [flag ? 1 : 0, number];
        Ranks.AllReduce<double>(most, Reduction.Max);
        return (most[0] > 0, most[1]);
    }

    /// <summary>Checks that all ranks begin at the same step.</summary>
    /// <exception cref="SwitchyardException">They do not.</exception>
    public void CheckSameStep(long step)
    {
        long[] steps = new long[Ranks.Size];
        Ranks.AllGather<long>((long[])[step], steps);
        int other = Array.FindIndex(steps, one => one != steps[0]);
        if (other >= 0) throw new SwitchyardException($"rank 0 begins at step {steps[0]}, rank {other} at step {steps[other]}: they see different run folders", "name a run folder on a file system that all ranks share");
    }

    /// <summary>The last backward pass of a step; then the gradients of what all ranks have are summed over the ranks.</summary>
    public void Backward(Tensor loss, Tensor? upstream)
    {
        _gradients.Begin();
        loss.Backward(upstream, _gradients.Arrived);
        _gradients.Finish();
    }

    /// <summary>The norm of all gradients, each expert's counted once.</summary>
    public double GradientNorm(IReadOnlyList<(string Name, Tensor Tensor)> parameters)
    {
        ILookup<bool, (string, Tensor)> split = parameters.ToLookup(parameter => Shards.Contains(parameter.Name));
        double shared = Modules.Optimisers.GradientNorm.Euclidean([.. split[false]]), own = Modules.Optimisers.GradientNorm.Euclidean([.. split[true]]);
        double[] experts = [own * own];
        Ranks.AllReduce<double>(experts);
        return Math.Sqrt(shared * shared + experts[0]);
    }
}

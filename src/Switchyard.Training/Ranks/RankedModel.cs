using Switchyard.Collectives;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Training.Ranks;

/// <summary>
/// A model that several ranks train together: experts shared out, everything else on every rank with the same values. Each
/// rank's gradients come from its share of the batch, already weighed by that share, so that their sum is the gradient of
/// the batch: for shared parameters over the ranks, for experts where they live.
/// </summary>
internal sealed class RankedModel(Module model, ProcessGroup ranks)
{
    // Small gradients travel together, large ones by themselves.
    private const int BucketElements = 1 << 18;

    /// <summary>The ranks.</summary>
    public ProcessGroup Ranks => ranks;

    /// <summary>What this rank has only a part of.</summary>
    public ShardedParameters Shards { get; } = new(model, ranks);

    /// <summary>The same figures of all ranks added up.</summary>
    public (double Loss, double Weight, long Tokens) Sum(double loss, double weight, long tokens)
    {
        double[] sums = [loss, weight, tokens];
        ranks.AllReduce<double>(sums);
        return (sums[0], sums[1], (long)sums[2]);
    }

    /// <summary>Whether any rank says so, and the largest of their numbers.</summary>
    public (bool Any, double Most) Agree(bool flag, double number)
    {
        double[] most = [flag ? 1 : 0, number];
        ranks.AllReduce<double>(most, Reduction.Max);
        return (most[0] > 0, most[1]);
    }

    /// <summary>Checks that all ranks begin at the same step.</summary>
    /// <exception cref="SwitchyardException">They do not.</exception>
    public void CheckSameStep(long step)
    {
        long[] steps = new long[ranks.Size];
        ranks.AllGather<long>((long[])[step], steps);
        int other = Array.FindIndex(steps, one => one != steps[0]);
        if (other >= 0) throw new SwitchyardException($"rank 0 begins at step {steps[0]}, rank {other} at step {steps[other]}: they see different run folders", "name a run folder on a file system that all ranks share");
    }

    /// <summary>Adds up, over the ranks, the gradients of the parameters that all of them have. One that no rank has stays absent.</summary>
    public void SumGradients(IReadOnlyList<(string Name, Tensor Tensor)> parameters)
    {
        List<Tensor> shared = [.. parameters.Where(parameter => !Shards.Contains(parameter.Name)).Select(static parameter => parameter.Tensor)];
        int[] has = [.. shared.Select(static parameter => parameter.Gradient is null ? 0 : 1)];
        ranks.AllReduce<int>(has, Reduction.Max);
        List<Tensor> bucket = [];
        long elements = 0;
        for (int i = 0; i < has.Length; i++)
        {
            if (has[i] == 0) continue;
            Tensor gradient = shared[i].Gradient ??= Tensor.Zeros(shared[i].Shape, shared[i].Type).Release();
            if (bucket.Count > 0 && (elements + gradient.Elements > BucketElements || gradient.Type != bucket[0].Type)) Flush();
            bucket.Add(gradient);
            elements += gradient.Elements;
        }
        Flush();

        void Flush()
        {
            if (bucket.Count == 0) return;
            if (bucket[0].Type == ElementType.Float32) Reduce<float>(bucket, elements);
            else Reduce<double>(bucket, elements);
            bucket.Clear();
            elements = 0;
        }
    }

    /// <summary>The norm of all gradients, each expert's counted once.</summary>
    public double GradientNorm(IReadOnlyList<(string Name, Tensor Tensor)> parameters)
    {
        ILookup<bool, (string, Tensor)> split = parameters.ToLookup(parameter => Shards.Contains(parameter.Name));
        double shared = Modules.Optimisers.GradientNorm.Euclidean([.. split[false]]), own = Modules.Optimisers.GradientNorm.Euclidean([.. split[true]]);
        double[] experts = [own * own];
        ranks.AllReduce<double>(experts);
        return Math.Sqrt(shared * shared + experts[0]);
    }

    private void Reduce<T>(List<Tensor> gradients, long elements)
        where T : unmanaged, System.Numerics.INumber<T>
    {
        if (gradients is [var single])
        {
            ranks.AllReduce<T>(single.AsSpan<T>());
            return;
        }
        using Tensor packed = Tensor.Empty([(int)elements], gradients[0].Type);
        Span<T> all = packed.AsSpan<T>();
        int at = 0;
        foreach (Tensor gradient in gradients)
        {
            gradient.AsReadOnlySpan<T>().CopyTo(all[at..]);
            at += (int)gradient.Elements;
        }
        ranks.AllReduce<T>(all);
        at = 0;
        foreach (Tensor gradient in gradients)
        {
            all.Slice(at, (int)gradient.Elements).CopyTo(gradient.AsSpan<T>());
            at += (int)gradient.Elements;
        }
    }
}

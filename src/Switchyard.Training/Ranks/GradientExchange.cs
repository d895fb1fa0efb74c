using System.Numerics;
using Switchyard.Collectives;
using Switchyard.Experts.Ranks;
using Switchyard.Tensors;

namespace Switchyard.Training.Ranks;

/// <summary>
/// Adds up, over the ranks, the gradients of the parameters that all of them have, while the backward pass still makes
/// others. Parameters are parted into buckets, the last first, as gradients come; a bucket goes out when it and all before
/// it are complete, so that every rank sends the same in the same order, whenever its own gradients come. The sums do not
/// depend on any of that. A parameter for which no rank has a gradient keeps none.
/// </summary>
internal sealed class GradientExchange : IDisposable
{
    private const int BucketElements = 1 << 18;

    private readonly ExchangeQueue _queue;
    private readonly Bucket[] _buckets;
    private readonly Dictionary<Tensor, Bucket> _bucketOf = new(ReferenceEqualityComparer.Instance);
    private readonly List<Task> _underWay = [];
    private int _next;

    /// <summary>Parts the parameters. Every rank must call it, with the same.</summary>
    /// <param name="ranks">The ranks, which go on to be used beside this.</param>
    /// <param name="parameters">What all ranks have.</param>
    public GradientExchange(ProcessGroup ranks, IEnumerable<Tensor> parameters)
    {
        _queue = new ExchangeQueue(ranks);
        List<Bucket> buckets = [];
        foreach (Tensor parameter in parameters.Reverse())
        {
            if (buckets is not [.., var last] || last.Elements + parameter.Elements > BucketElements || last.Type != parameter.Type) buckets.Add(last = new Bucket(parameter.Type));
            last.Add(parameter);
            _bucketOf.Add(parameter, last);
        }
        _buckets = [.. buckets];
    }

    /// <summary>The last backward pass of a step begins.</summary>
    public void Begin()
    {
        _next = 0;
        foreach (Bucket bucket in _buckets) bucket.Missing = bucket.Parameters.Count;
    }

    /// <summary>The gradient of a parameter is complete.</summary>
    public void Arrived(Tensor parameter)
    {
        if (!_bucketOf.TryGetValue(parameter, out Bucket? bucket)) return;
        bucket.Missing--;
        while (_next < _buckets.Length && _buckets[_next].Missing == 0) Send(_buckets[_next++]);
    }

    /// <summary>The backward pass is over: sends the rest and waits for all sums.</summary>
    public void Finish()
    {
        while (_next < _buckets.Length) Send(_buckets[_next++]);
        foreach (Task task in _underWay) _queue.Await(task);
        _underWay.Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private void Send(Bucket bucket) => _underWay.Add(_queue.Add(bucket.Type == ElementType.Float32 ? bucket.Sum<float> : bucket.Sum<double>));

    /// <summary>Parameters whose gradients travel together.</summary>
    private sealed class Bucket(ElementType type)
    {
        public ElementType Type => type;

        public List<Tensor> Parameters { get; } = [];

        public long Elements { get; private set; }

        public int Missing { get; set; }

        public void Add(Tensor parameter)
        {
            Parameters.Add(parameter);
            Elements += parameter.Elements;
        }

        public void Sum<T>(ProcessGroup ranks)
            where T : unmanaged, INumber<T>
        {
            // Behind the gradients, for each whether there is one: on how many ranks, after the sum.
            using Tensor packed = Tensor.Empty([checked((int)Elements + Parameters.Count)], type);
            Span<T> all = packed.AsSpan<T>(), present = all[(int)Elements..];
            int at = 0;
            for (int i = 0; i < Parameters.Count; i++)
            {
                Span<T> own = all.Slice(at, (int)Parameters[i].Elements);
                if (Parameters[i].Gradient is { } gradient) gradient.AsReadOnlySpan<T>().CopyTo(own);
                else own.Clear();
                present[i] = Parameters[i].Gradient is null ? T.Zero : T.One;
                at += own.Length;
            }
            ranks.AllReduce<T>(all);
            at = 0;
            for (int i = 0; i < Parameters.Count; i++)
            {
                Tensor parameter = Parameters[i];
                if (present[i] != T.Zero)
                    all.Slice(at, (int)parameter.Elements).CopyTo((parameter.Gradient ??= Tensor.Empty(parameter.Shape, type).Release()).AsSpan<T>());
                at += (int)parameter.Elements;
            }
        }
    }
}

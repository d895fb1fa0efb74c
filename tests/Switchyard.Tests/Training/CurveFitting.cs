using Switchyard.Modules;
using Switchyard.Tensors;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training;

/// <summary>A small network with one hidden layer, made of elementary operations.</summary>
internal sealed class SmallNetwork : Module
{
    private readonly Linear _inner;
    private readonly Linear _outer;

    public SmallNetwork(int hidden, ulong seed)
    {
        Philox random = new(seed);
        _inner = AddChild("inner", new Linear(2, hidden, random, 0.5, bias: true));
        _outer = AddChild("outer", new Linear(hidden, 1, random, 0.5, bias: true));
    }

    public Tensor Forward(Tensor x, Philox? random)
    {
        Tensor hidden = _inner.Forward(x).Tanh(); // [examples, hidden]
        if (IsTraining && random is not null) hidden = hidden + Tensor.Normal(hidden.Shape, 0, 0.01, random);
        return _outer.Forward(hidden); // [examples, 1]
    }
}

/// <summary>Learns z = x·y from points that are a pure function of the micro-batch's number.</summary>
internal sealed class CurveFitting(int examples = 8, int hidden = 5, bool noise = true, ulong weights = 3, int layers = 1, int experts = 2) : TrainingTask, IDisposable
{
    public SmallNetwork Network { get; } = new(hidden, weights);

    public override Module Model => Network;

    public override string ModelDescription => $"network of {hidden} hidden numbers";

    public override long TokensPerMicroBatch => examples;

    public override string Unit => "example";

    /// <summary>Called with the number of every micro-batch.</summary>
    public Action<long>? Entered { get; set; }

    /// <summary>Called at the start of every evaluation.</summary>
    public Action? Evaluating { get; set; }

    /// <summary>Multiplies the inputs of a micro-batch, to break it.</summary>
    public Func<long, float> Scale { get; set; } = static _ => 1;

    public override TaskLoss Loss(long microBatch, Philox random)
    {
        Entered?.Invoke(microBatch);
        Tensor loss = MeanSquare(microBatch * examples, examples, Scale(microBatch), noise ? random : null);
        LayerMetrics[] routing = new LayerMetrics[layers];
        for (int layer = 0; layer < layers; layer++) routing[layer] = Routing(layer + 1, 0.25 + 0.5 / (1 + microBatch));
        return new TaskLoss(loss + 0, loss.ToDouble(), examples, routing);
    }

    public override Evaluation Evaluate(IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        Evaluating?.Invoke();
        cancellation.ThrowIfCancellationRequested();
        return new Evaluation(MeanSquare(1_000_000, 32, 1, null).ToDouble(), 32, []);
    }

    public void Dispose() => Network.Dispose();

    // The first expert has a load that changes, the others share the rest.
    private LayerMetrics Routing(int layer, double first)
    {
        double[] load = new double[experts];
        Array.Fill(load, (1 - first) / (experts - 1));
        load[0] = first;
        return new LayerMetrics { Layer = layer, Load = load, Entropy = first, DroppedFraction = 0, MaxOverMean = experts * load.Max() };
    }

    private Tensor MeanSquare(long first, int count, float scale, Philox? random)
    {
        float[] points = new float[count * 2], products = new float[count];
        for (int i = 0; i < count; i++)
        {
            Philox source = new Philox(7).Split((ulong)(first + i));
            points[2 * i] = (float)source.NextNormal() * scale;
            points[2 * i + 1] = (float)source.NextNormal() * scale;
            products[i] = points[2 * i] * points[2 * i + 1];
        }
        Tensor difference = Network.Forward(Tensor.From(points, [count, 2]), random) - Tensor.From(products, [count, 1]);
        return (difference * difference).Mean();
    }
}

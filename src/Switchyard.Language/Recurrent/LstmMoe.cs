using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Language.Recurrent;

/// <summary>
/// The language model of "Outrageously large neural networks" (Shazeer et al. 2017, arXiv 1701.06538, appendix C.1):
/// embedding, LSTM, mixture, LSTM, output layer, all of one width. Every layer's answer passes through dropout and is
/// added to what came in; the mixture's through a sigmoid before. Experts are two matrices with a ReLU between them.
/// </summary>
public sealed class LstmMoe : CausalModel
{
    private readonly Embedding _embedding;
    private readonly Lstm _first;
    private readonly MoeLayer? _mixture;
    private readonly FeedForward? _dense;
    private readonly Lstm _second;
    private readonly Linear _head;
    private readonly Dropout _dropout;

    /// <summary>Makes a model with random weights.</summary>
    /// <param name="options">Its dimensions.</param>
    /// <param name="random">Draws the initial weights.</param>
    /// <exception cref="ArgumentException">The dimensions do not fit together.</exception>
    public LstmMoe(LstmMoeOptions options, Philox random)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        Options = options;
        double deviation = 1 / Math.Sqrt(options.Width), downDeviation = 1 / Math.Sqrt(options.Hidden);
        _embedding = AddChild("embedding", new Embedding(options.Vocabulary, options.Width, random, deviation));
        _dropout = AddChild("dropout", new Dropout(options.Dropout));
        _first = AddChild("lstm_1", new Lstm(options.Width, options.Width, random));
        if (options.HasExperts)
        {
            Gate gate = options.Routing.Make(new GateSize(options.Width, options.Experts, options.Vocabulary), random);
            FeedForwardBank bank = new(options.Experts, options.Width, options.Hidden, random, deviation, downDeviation, FeedForwardActivation.Relu);
            _mixture = AddChild("mixture", new MoeLayer(gate, bank) { Recompute = options.Recompute });
        }
        else
        {
            _dense = AddChild("mixture", new FeedForward(options.Width, options.Hidden, random, deviation, downDeviation, FeedForwardActivation.Relu));
        }
        _second = AddChild("lstm_2", new Lstm(options.Width, options.Width, random));
        _head = AddChild("head", new Linear(options.Width, options.Vocabulary, random, deviation, bias: true));
    }

    /// <inheritdoc/>
    public override LstmMoeOptions Options { get; }

    /// <inheritdoc/>
    public override double TrainingFlopsPerToken => 6.0 * MultiplyingParameterCount((long)Options.Vocabulary * Options.Width);

    /// <inheritdoc/>
    public override SequenceState NewState() => new LstmMoeState(_first.NewState(1), _second.NewState(1));

    /// <inheritdoc/>
    protected override LanguageModelOutput Forward(Tensor ids, RoutingContext context, SequenceState? state)
    {
        LstmMoeState? before = (LstmMoeState?)state;
        int batch = ids.Shape[0], tokens = ids.Shape[0] * ids.Shape[1];
        Tensor x = _dropout.Forward(_embedding.Forward(ids), context.Random); // [batch, tokens, width]
        (Tensor hidden, Tensor first) = _first.Forward(x, before?.First ?? _first.NewState(batch));
        x += _dropout.Forward(hidden, context.Random);
        Routing? routing = null;
        Tensor flat = x.Reshape([tokens, Options.Width]), answer; // all places at once: "convolutionally", §3.1
        if (_mixture is null) answer = _dense!.Forward(flat);
        else (answer, routing) = _mixture.Forward(flat, context); // [batch · tokens, width]
        x += _dropout.Forward(answer.Sigmoid().Reshape(x.Shape), context.Random);
        (hidden, Tensor second) = _second.Forward(x, before?.Second ?? _second.NewState(batch));
        x += _dropout.Forward(hidden, context.Random);
        before?.Replace(first, second);
        return new LanguageModelOutput(_head.Forward(x), routing is null ? [] : [routing]); // [batch, tokens, vocabulary]
    }

    /// <summary>The states of the two LSTMs [1, 2·width].</summary>
    private sealed class LstmMoeState(Tensor first, Tensor second) : SequenceState
    {
        public Tensor First { get; } = first.Release();

        public Tensor Second { get; } = second.Release();

        public void Replace(Tensor first, Tensor second)
        {
            First.CopyFrom(first);
            Second.CopyFrom(second);
        }

        public override void Clear()
        {
            base.Clear();
            First.AsSpan<float>().Clear();
            Second.AsSpan<float>().Clear();
        }

        public override void Dispose()
        {
            First.Dispose();
            Second.Dispose();
        }
    }
}

using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Language;
using Switchyard.Language.Transformer;
using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Whole training runs of a decoder, through the engine's own model, gate, clipping and optimiser.</summary>
internal static class TrainingCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["train_decoder"] = static c => Run(c, experts: 0),
        ["train_moe"] = static c => Run(c, c.Integer("experts")),
    };

    private static TorchOutputs Run(TorchCase c, int experts)
    {
        int steps = c.Integer("steps");
        double[] rates = c.Numbers("lr");
        using DecoderModel model = Load(c, experts);
        using AdamW optimiser = new(model.Parameters(), c.Number("beta1"), c.Number("beta2"), c.Number("adam_eps"), Decay(c));
        TorchOutputs outputs = [];
        double[] losses = new double[steps], norms = new double[steps], crossEntropies = new double[steps];
        List<double> balances = [], zs = [];
        List<int> chosen = [];
        for (int step = 0; step < steps; step++)
        {
            using TensorScope scope = new();
            (Tensor inputs, Tensor targets) = Windows(c["ids"], step);
            LanguageModelOutput output = model.Forward(inputs);
            Tensor crossEntropy = Tensor.CrossEntropy(output.Logits.Reshape([(int)targets.Elements, c.Integer("vocabulary")]), targets);
            Tensor loss = output.RoutingLoss() is { } routing ? crossEntropy + routing : crossEntropy;
            loss.Backward();
            (losses[step], crossEntropies[step], norms[step]) = (loss.ToDouble(), crossEntropy.ToDouble(), GradientNorm.Euclidean(optimiser.Parameters));
            foreach (Routing layer in output.Routings)
            {
                balances.Add(Loss(layer, "balance") / c.Number("balance_coefficient"));
                zs.Add(Loss(layer, "z") / c.Number("z_coefficient"));
                chosen.AddRange(ChosenExperts(layer));
            }
            if (step == 0)
            {
                outputs["logits0"] = scope.Keep(output.Logits.Clone());
                foreach ((string name, Tensor parameter) in model.Parameters()) outputs["grad0." + NameInFixtures(name)] = scope.Keep(parameter.Gradient!.Clone());
            }
            optimiser.Step(rates[step], GradientNorm.Clip(norms[step], c.Number("clip_norm")));
            model.ClearGradients();
        }
        outputs["loss"] = Numbers(losses, [steps], c.Type);
        outputs["grad_norm"] = Numbers(norms, [steps], c.Type);
        foreach ((string name, Tensor parameter) in model.Parameters()) outputs[NameInFixtures(name)] = parameter.Clone();
        if (experts == 0) return outputs;

        int layers = c.Integer("layers"), topK = c.Integer("top_k");
        outputs["cross_entropy"] = Numbers(crossEntropies, [steps], c.Type);
        outputs["balance"] = Numbers([.. balances], [steps, layers], c.Type);
        outputs["z"] = Numbers([.. zs], [steps, layers], c.Type);
        outputs["experts"] = Tensor.From<int>([.. chosen], [steps, layers, chosen.Count / (steps * layers * topK), topK]);
        return outputs;
    }

    private static DecoderModel Load(TorchCase c, int experts)
    {
        DecoderModel model = new(
            new DecoderOptions
            {
                Vocabulary = c.Integer("vocabulary"),
                Context = c["ids"].Shape[2] - 1,
                Layers = c.Integer("layers"),
                Width = c.Integer("width"),
                Heads = c.Integer("heads"),
                KeyValueHeads = c.Integer("kv_heads"),
                HeadWidth = c.Integer("head_width"),
                Hidden = c.Integer("hidden"),
                RopeTheta = c.Number("rope_theta"),
                NormEpsilon = c.Number("norm_eps"),
                QueryKeyNorm = false,
                Experts = experts,
                Routing = experts == 0 ? new TopKOptions() : new TopKOptions { TopK = c.Integer("top_k"), BalanceCoefficient = c.Number("balance_coefficient"), ZCoefficient = c.Number("z_coefficient") },
            },
            new Philox(0));
        model.To(c.Type);
        model.Load(name => c.Optional(NameInFixtures(name)));
        return model;
    }

    private static WeightDecay Decay(TorchCase c)
    {
        HashSet<string> decayed = [.. c.Attribute("decayed").EnumerateArray().Select(static name => name.GetString()!)];
        return new WeightDecay(c.Number("weight_decay"), (name, _) => decayed.Contains(NameInFixtures(name)));
    }

    // The fixtures leave out Hugging Face's first word, and end the banks of experts in .weight.
    private static string NameInFixtures(string name)
    {
        string shorter = name.StartsWith("model.", StringComparison.Ordinal) ? name["model.".Length..] : name;
        return shorter.Contains(".experts.", StringComparison.Ordinal) ? shorter + ".weight" : shorter;
    }

    /// <summary>Inputs [batch, tokens] and targets [batch · tokens] of a step, from ids [steps, batch, tokens + 1].</summary>
    private static (Tensor Inputs, Tensor Targets) Windows(Tensor ids, int step)
    {
        int batch = ids.Shape[1], tokens = ids.Shape[2] - 1;
        Tensor windows = ids.Slice(0, step, step + 1).Reshape([batch, tokens + 1]);
        return (windows.Slice(1, 0, tokens), windows.Slice(1, 1, tokens + 1).Reshape([batch * tokens]));
    }

    private static double Loss(Routing routing, string name) => routing.Losses.Single(loss => loss.Name == name).Value.ToDouble();

    /// <summary>The experts of every token in ascending order [tokens · k].</summary>
    private static IEnumerable<int> ChosenExperts(Routing routing)
    {
        List<int>[] expertsOf = [.. Enumerable.Range(0, routing.Tokens).Select(static _ => new List<int>())];
        int[] offsets = routing.Offsets.ToArray<int>(), tokenOf = routing.TokenOf.ToArray<int>();
        for (int expert = 0; expert < routing.Experts; expert++)
            for (int pair = offsets[expert]; pair < offsets[expert + 1]; pair++) expertsOf[tokenOf[pair]].Add(expert);
        return expertsOf.SelectMany(static experts => experts);
    }

    private static Tensor Numbers(double[] values, Shape shape, ElementType type) => Tensor.From(values, shape).To(type);
}

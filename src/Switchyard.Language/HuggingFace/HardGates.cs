using Switchyard.Experts.Gates;
using Switchyard.Experts.Selection;
using Switchyard.Language.Transformer;
using Switchyard.Tensors;

namespace Switchyard.Language.HuggingFace;

/// <summary>
/// Dense-to-sparse gates in their hard stage as OLMoE has gates: the best expert by a softmax over all, weighted by it. The
/// temperature goes into the router, softmax(x·W/τ) = softmax(x·(W/τ)).
/// </summary>
internal static class HardGates
{
    /// <summary>The model's options with a gate that Hugging Face knows, where the model's own is one and hard.</summary>
    /// <exception cref="SwitchyardException">A gate is soft, and evaluates by its threshold, or looks at token ids.</exception>
    public static DecoderOptions Known(DecoderOptions options, LanguageModel model)
    {
        if (options.Routing is not DenseToSparseOptions routing) return options;
        foreach ((string name, DenseToSparseGate gate) in Of(model))
        {
            if (gate.LooksAtIds) throw new SwitchyardException($"Hugging Face's OLMoE cannot express {name}: a dense-to-sparse gate with logits of token ids", "export a run whose gates see hidden vectors only, such as one of train --recipe evomoe");
            if (!gate.ChoosesOne) throw new SwitchyardException($"Hugging Face's OLMoE cannot express {name}: a dense-to-sparse gate that is still soft, with a temperature of {gate.Temperature:g3}", "export a run whose last phase is hard, such as one of train --recipe evomoe that has come to its end");
        }
        return options with { Routing = new TopKOptions { TopK = 1, Renormalise = Renormalisation.None, BalanceCoefficient = routing.BalanceCoefficient } };
    }

    /// <summary>The weights of the routers that must be changed on the way, by the names of the parameters.</summary>
    public static IReadOnlyDictionary<string, Tensor> Routers(LanguageModel model)
        => Of(model).Where(static gate => gate.Gate.WeightTemperature != 1).ToDictionary(
            static gate => $"{gate.Name}.weight", static gate => gate.Gate.Parameters().Single().Tensor / gate.Gate.WeightTemperature);

    private static IEnumerable<(string Name, DenseToSparseGate Gate)> Of(LanguageModel model)
        => model.Modules().Where(static module => module.Module is DenseToSparseGate).Select(static module => (module.Name, (DenseToSparseGate)module.Module));
}

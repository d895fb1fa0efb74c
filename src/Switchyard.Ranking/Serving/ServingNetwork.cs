using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Modules;
using Switchyard.Ranking.Networks;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Serving;

/// <summary>Lays a trained network out as a plan.</summary>
internal static class ServingNetwork
{
    /// <summary>Adds the steps of a scorer.</summary>
    /// <returns>The logit or value of each task [tasks][rows, 1].</returns>
    public static Place[] Compile(ServingPlan plan, Scorer scorer, ServingInput input)
    {
        ServingInput[] streams = scorer.Network switch
        {
            MultiGateMixture mixture => Repeated(Layer(plan, mixture.Layer, [Mlp(plan, mixture.Shared, input)]), scorer.Layout.Tasks),
            LayeredExtraction extraction => Levels(plan, extraction, scorer.Layout.Tasks, input),
            Bottoms bottoms => Repeated([.. bottoms.All.Select(bottom => Mlp(plan, bottom, input))], scorer.Layout.Tasks),
            CrossStitch stitch => Stitched(plan, stitch, input),
            _ => throw new NotSupportedException($"{scorer.Network.GetType().Name} cannot be served"),
        };
        return [.. scorer.Towers.Select((tower, task) => Linear(plan, Mlp(plan, tower.Hidden, streams[task]), tower.Head, relu: false).Candidates)];
    }

    private static ServingInput Linear(ServingPlan plan, ServingInput input, Linear linear, bool relu)
        => Linear(plan, input, linear.Weight.AsReadOnlySpan<float>(), linear.Bias is { } bias ? bias.AsReadOnlySpan<float>() : new float[linear.Weight.Shape[0]], relu);

    private static ServingInput Linear(ServingPlan plan, ServingInput input, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, bool relu)
    {
        LinearStep step = new(plan, input, weight, bias, relu);
        plan.Add(step);
        return new ServingInput(step.Output);
    }

    private static ServingInput Mlp(ServingPlan plan, Mlp mlp, ServingInput input) => mlp.Layers.Aggregate(input, (state, layer) => Linear(plan, state, layer, relu: true));

    private static ServingInput[] Levels(ServingPlan plan, LayeredExtraction extraction, int tasks, ServingInput input)
        => extraction.Levels.Aggregate<MultiGateLayer, ServingInput[]>([.. Enumerable.Repeat(input, tasks + 1)], (streams, level) => Layer(plan, level, streams));

    private static ServingInput[] Layer(ServingPlan plan, MultiGateLayer layer, ServingInput[] streams)
    {
        MlpBank bank = (MlpBank)layer.Experts;
        ServingInput[] answers = Answers(plan, bank, layer.StreamOf, streams);
        ServingInput[] outputs = new ServingInput[layer.Gates.Count];
        // The gates that look at the same are one product.
        foreach (IGrouping<ServingInput, int> alike in Enumerable.Range(0, outputs.Length).GroupBy(gate => streams[layer.Gates[gate].Stream]))
        {
            float[] routers = [.. alike.SelectMany(gate => layer.Gates[gate].Gate.Parameters().Single().Tensor.ToArray<float>())];
            Place logits = Linear(plan, alike.Key, routers, new float[alike.Sum(gate => layer.Gates[gate].Experts.Count)], relu: false).Candidates;
            int first = 0;
            foreach (int gate in alike)
            {
                IReadOnlyList<int> experts = layer.Gates[gate].Experts;
                Place weights = logits.Columns(first, experts.Count), mixed = plan.Reserve(bank.Layers[^1].Bias.Shape[1]);
                plan.Add(new SoftmaxStep(weights));
                plan.Add(new MixStep(weights, [.. experts.Select(expert => answers[expert].Candidates)], mixed));
                outputs[gate] = new ServingInput(mixed);
                first += experts.Count;
            }
        }
        return outputs;
    }

    /// <summary>What every expert answers. The first layers of neighbours that read the same are one product.</summary>
    private static ServingInput[] Answers(ServingPlan plan, MlpBank bank, IReadOnlyList<int> streamOf, ServingInput[] streams)
    {
        ServingInput[] states = new ServingInput[bank.Experts];
        for (int layer = 0; layer < bank.Layers.Count; layer++)
        {
            (Tensor weight, Tensor bias) = bank.Layers[layer];
            int width = bias.Shape[1], size = width * weight.Shape[2];
            for (int first = 0, end; first < bank.Experts; first = end)
            {
                for (end = first + 1; layer == 0 && end < bank.Experts && ReferenceEquals(streams[streamOf[end]], streams[streamOf[first]]); end++)
                {
                }
                ServingInput joint = Linear(
                    plan, layer == 0 ? streams[streamOf[first]] : states[first],
                    weight.AsReadOnlySpan<float>()[(first * size)..(end * size)], bias.AsReadOnlySpan<float>()[(first * width)..(end * width)], relu: true);
                for (int expert = first; expert < end; expert++) states[expert] = new ServingInput(joint.Candidates.Columns((expert - first) * width, width));
            }
        }
        return states;
    }

    private static ServingInput[] Stitched(ServingPlan plan, CrossStitch stitch, ServingInput input)
    {
        int tasks = stitch.Layers[0].Count;
        ServingInput[] states = [.. Enumerable.Repeat(input, tasks)];
        for (int layer = 0; layer < stitch.Layers.Count; layer++)
        {
            Place[] own = [.. stitch.Layers[layer].Select((linear, task) => Linear(plan, states[task], linear, relu: true).Candidates)];
            float[][] shares = [.. stitch.Stitches[layer].ToArray<float>().Chunk(stitch.Stitches[layer].Shape[2])];
            for (int task = 0; task < tasks; task++)
            {
                Place mixed = plan.Reserve(own[0].Width);
                plan.Add(new StitchStep(own, shares[(task * tasks)..((task + 1) * tasks)], mixed));
                states[task] = new ServingInput(mixed);
            }
        }
        return states;
    }

    private static ServingInput[] Repeated(ServingInput[] states, int tasks) => [.. Enumerable.Range(0, tasks).Select(task => states[task % states.Length])];
}

using System.Text.Json;
using Switchyard.Tensors;

namespace Switchyard.Tests.Language.TextFixtures;

/// <summary>Label smoothing over all classes, and over the wrong ones alone: the same with ε·V/(V - 1).</summary>
internal static class LabelSmoothingCases
{
    public static void Walk(TextCase one)
    {
        using TensorScope scope = new();
        int classes = one.Parameters.GetProperty("vocabulary").GetInt32();
        double smoothing = one.Parameters.GetProperty("epsilon").GetDouble(), tolerance = one.Tolerance("absolute");
        int ignored = one.Parameters.GetProperty("ignore") is { ValueKind: JsonValueKind.Number } ignore ? ignore.GetInt32() : -100;
        double[] numbers = one.Tensor<double>("input.logits");
        int[] labels = one.Tensor<int>("input.y");
        Check("torch_sum", "grad.torch", smoothing);
        Check("fairseq_sum", "grad.fairseq", smoothing * classes / (classes - 1));
        Assert.Equal(one.Values.GetProperty("nll_sum").GetDouble(), Loss(Logits(), 0, LossReduction.Sum).ToDouble(), tolerance);
        Assert.Equal(one.Values.GetProperty("torch_mean").GetDouble(), Loss(Logits(), smoothing, LossReduction.Mean).ToDouble(), tolerance);
        Assert.Equal(one.Values.GetProperty("counted").GetInt32(), labels.Count(label => label != ignored));

        void Check(string sum, string gradient, double amount)
        {
            Tensor logits = Logits(), loss = Loss(logits, amount, LossReduction.Sum);
            Assert.Equal(one.Values.GetProperty(sum).GetDouble(), loss.ToDouble(), tolerance);
            double[] got = Gradients.Of(loss, [logits])[0].ToArray<double>(), expected = one.Tensor<double>(gradient);
            for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], got[i], tolerance);
        }

        Tensor Logits()
        {
            Tensor logits = Tensor.From(numbers, [labels.Length, classes]);
            logits.RequiresGradient = true;
            return logits;
        }

        Tensor Loss(Tensor logits, double amount, LossReduction reduction) =>
            Tensor.CrossEntropy(logits, Tensor.From(labels, [labels.Length]), reduction: reduction, ignoredTarget: ignored, labelSmoothing: amount);
    }
}

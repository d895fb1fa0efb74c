using Switchyard.Modules.Schedules;
using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Learning-rate tables. Theirs give the first step of a warm-up the rate 0, so theirs is ours one step earlier.</summary>
internal static class ScheduleCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["schedule_constant"] = static c => Rates(c, Schedule(c, Decay.Constant), int.MaxValue),
        ["schedule_linear"] = static c => Rates(c, Schedule(c, Decay.Linear), c.Integer("total_steps")),
        ["schedule_cosine"] = static c => CosineRates(c, Schedule(c, Decay.Cosine)),
        ["schedule_cosine_minimum"] = static c => CosineRates(c, Schedule(c, Decay.Cosine) with { MinimumRatio = c.Number("minimum_ratio") }),
    };

    private static LearningRateSchedule Schedule(TorchCase c, Decay decay)
        => new() { Peak = c.Number("base_lr"), WarmUpSteps = c.Integer("warmup_steps"), Decay = decay };

    // Past the end theirs rises again, as a mirror image, where ours stays: it is looked up in the image.
    private static TorchOutputs CosineRates(TorchCase c, LearningRateSchedule schedule)
    {
        Assert.SkipUnless(c.Number("cycles") == 0.5, "half a cosine only");
        int warmUp = c.Integer("warmup_steps"), total = Math.Max(c.Integer("total_steps"), warmUp + 1), fall = total - warmUp;
        return Rates(c, schedule, total, step => step <= total ? step : warmUp + Math.Abs((step - warmUp + fall) % (2 * fall) - fall));
    }

    private static TorchOutputs Rates(TorchCase c, LearningRateSchedule schedule, int total, Func<int, int>? image = null)
    {
        int count = c.Source.GetProperty("outputs")[0].GetProperty("shape")[0].GetInt32();
        double[] rates = new double[count];
        for (int step = 0; step < count; step++)
        {
            rates[step] = step >= schedule.WarmUpSteps ? schedule.At(image?.Invoke(step) ?? step, total)
                : step > 0 ? schedule.At(step - 1, total)
                : 0;
        }
        return c.Type == ElementType.Float64 ? Tensor.From(rates, [count]) : Tensor.From(Array.ConvertAll(rates, static rate => (float)rate), [count]);
    }
}

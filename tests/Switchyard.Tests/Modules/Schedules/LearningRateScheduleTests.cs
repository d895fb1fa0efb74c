using Switchyard.Modules.Schedules;

namespace Switchyard.Tests.Modules.Schedules;

public sealed class LearningRateScheduleTests
{
    [Fact]
    public void It_rises_from_the_first_step_on()
    {
        LearningRateSchedule schedule = new() { Peak = 8, WarmUpSteps = 4 };
        Assert.Equal([2.0, 4.0, 6.0, 8.0, 8.0], Enumerable.Range(0, 5).Select(step => schedule.At(step, 100)));
    }

    [Fact]
    public void It_falls_along_a_line()
    {
        LearningRateSchedule schedule = new() { Peak = 1, Decay = Decay.Linear, MinimumRatio = 0.5 };
        Assert.Equal([1.0, 0.875, 0.75, 0.625, 0.5, 0.5, 0.5], Enumerable.Range(0, 7).Select(step => schedule.At(step, 4)));
    }

    [Fact]
    public void It_falls_along_a_cosine()
    {
        LearningRateSchedule schedule = new() { Peak = 1, WarmUpSteps = 10, MinimumRatio = 0.2 };
        Assert.Equal(0.6, schedule.At(20, 30), 1e-15);
        Assert.Equal(0.2 + 0.8 * (0.5 + Math.Sqrt(0.125)), schedule.At(15, 30), 1e-15);
        Assert.Equal(0.2, schedule.At(30, 30), 1e-15);
        Assert.Equal(0.2, schedule.At(45, 30), 1e-15);
    }

    [Fact]
    public void It_stays() => Assert.Equal(3, new LearningRateSchedule { Peak = 3, Decay = Decay.Constant }.At(1000, 10));

    [Fact]
    public void A_warm_up_longer_than_the_training_is_never_left()
    {
        LearningRateSchedule schedule = new() { Peak = 1, WarmUpSteps = 10 };
        Assert.All(Enumerable.Range(0, 5), step => Assert.Equal((step + 1) / 10.0, schedule.At(step, 5)));
    }

    [Fact]
    public void It_follows_progress_where_steps_do_not_count()
    {
        LearningRateSchedule schedule = new() { Peak = 1, Decay = Decay.Linear, WarmUpSteps = 2 };
        Assert.Equal(0.5, schedule.At(0, 0.9));
        Assert.Equal(0.75, schedule.At(7, 0.25));
        Assert.Equal(0, schedule.At(7, 1.5));
    }
}

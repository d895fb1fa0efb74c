using Switchyard.Ranking.Simulation;
using Switchyard.Tensors;

namespace Switchyard.Tests.Ranking.Simulation;

public sealed class ClicksTests
{
    [Fact]
    public void In_a_cascade_the_highest_relevant_candidate_is_the_only_click()
    {
        int[] positions = [2, 0, 1, 3];
        double[] uniforms = [0, 0, 0, 0];
        Assert.Equal([true, false, false, false], Clicks.Of(ClickModel.Cascade, positions, [true, false, false, true], 0, uniforms));
        Assert.DoesNotContain(true, Clicks.Of(ClickModel.Cascade, positions, [false, false, false, false], 0, uniforms));
    }

    [Theory]
    [InlineData(ClickModel.Position, true, 1.0 / 3)]
    [InlineData(ClickModel.Position, false, 0)]
    [InlineData(ClickModel.Trust, true, 1.0 / 3)]
    [InlineData(ClickModel.Trust, false, 0.65 / 9)]
    public void The_third_place_is_clicked_with_its_probability(ClickModel model, bool isRelevant, double probability)
    {
        const int Draws = 40_000;
        Philox random = new(1);
        int clicks = Enumerable.Range(0, Draws).Count(_ => Clicks.Of(model, [2], [isRelevant], 0, [random.NextDouble()])[0]);
        Assert.Equal(probability, (double)clicks / Draws, 4 * Math.Sqrt(probability * (1 - probability) / Draws) + 1e-12);
    }

    [Fact]
    public void A_page_of_a_cascade_has_one_click_at_most_and_what_is_likely_liked_is_known_for_all()
    {
        SimulationOptions options = new() { Clicks = ClickModel.Cascade };
        Philox random = new(3);
        SimulatedLog log = SimulatedLog.Draw(RankingWorld.Draw(random), options, 50, random.Split("taste"), random.Split("log"));
        float[] clicks = log.Examples.Batches(1000).SelectMany(static batch => batch.Labels(0)).ToArray();
        Assert.All(clicks.Chunk(RankingWorld.Slots), static page => Assert.InRange(page.Sum(), 0, 1));
        Assert.Equal(clicks.Length, log.Liked.Length);
        Assert.Contains(Enumerable.Range(0, clicks.Length), row => clicks[row] == 0 && log.Liked[row]);
    }
}

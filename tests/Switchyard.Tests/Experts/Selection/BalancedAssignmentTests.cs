using FsCheck;
using FsCheck.Fluent;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.Selection;

public sealed class BalancedAssignmentTests
{
    [Fact]
    public void It_is_the_best_of_all_assignments() => Prop.ForAll(
        Gen.Choose(1, 7).SelectMany(tokens => Gen.Choose(1, 4).SelectMany(experts => Gen.ArrayOf(Gen.Choose(-3, 3), tokens * experts).Select(scores => (tokens, experts, scores)))).ToArbitrary(),
        data =>
        {
            (int tokens, int experts, int[] whole) = data;
            double[] scores = [.. whole.Select(static score => (double)score)]; // whole numbers: many ties
            int[] solved = BalancedAssignment.Solve(scores, experts);
            Assert.All(Counts(solved, experts), count => Assert.InRange(count, tokens / experts, (tokens + experts - 1) / experts));
            Assert.Equal(BestTotal(scores, tokens, experts), Total(scores, solved, experts));
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(2048, 8)]
    [InlineData(2050, 64)]
    public void No_exchange_and_no_move_would_gain(int tokens, int experts)
    {
        using Tensor drawn = Tensor.Normal([tokens, experts], 0, 1, new Philox(1), ElementType.Float64);
        double[] scores = drawn.ToArray<double>();
        int[] expertOf = BalancedAssignment.Solve(scores, experts);
        int[] counts = Counts(expertOf, experts);
        Assert.All(counts, count => Assert.InRange(count, tokens / experts, (tokens + experts - 1) / experts));
        Assert.Equal(expertOf, BalancedAssignment.Solve(scores, experts));
        AssertNoCycleGains(scores, expertOf, counts, tokens, experts);
    }

    [Fact]
    public void It_ends_when_all_want_the_same_and_when_nothing_is_finite()
    {
        const int Tokens = 1024, Experts = 16;
        double[] scores = new double[Tokens * Experts];
        for (int token = 0; token < Tokens; token++) scores[token * Experts + 3] = 100;
        Assert.All(Counts(BalancedAssignment.Solve(scores, Experts), Experts), count => Assert.Equal(Tokens / Experts, count));
        Array.Fill(scores, double.NaN);
        Assert.All(Counts(BalancedAssignment.Solve(scores, Experts), Experts), count => Assert.Equal(Tokens / Experts, count));
        Assert.Empty(BalancedAssignment.Solve([], Experts));
    }

    /// <summary>An assignment is optimal exactly if no cycle of moves, through the places that any expert may fill, gains (Bellman-Ford finds none).</summary>
    private static void AssertNoCycleGains(double[] scores, int[] expertOf, int[] counts, int tokens, int experts)
    {
        int sink = experts;
        double[,] cost = new double[experts + 1, experts + 1];
        for (int i = 0; i <= experts; i++)
            for (int j = 0; j <= experts; j++) cost[i, j] = double.PositiveInfinity;
        for (int token = 0; token < tokens; token++)
            for (int to = 0; to < experts; to++)
                cost[expertOf[token], to] = Math.Min(cost[expertOf[token], to], scores[token * experts + expertOf[token]] - scores[token * experts + to]);
        for (int expert = 0; expert < experts; expert++)
        {
            if (counts[expert] == tokens / experts && tokens % experts != 0) cost[expert, sink] = 0;
            if (counts[expert] > tokens / experts) cost[sink, expert] = 0;
        }
        double[] distance = new double[experts + 1];
        for (int round = 0; round <= experts + 1; round++)
        {
            bool changed = false;
            for (int i = 0; i <= experts; i++)
                for (int j = 0; j <= experts; j++)
                    if (distance[i] + cost[i, j] < distance[j] - 1e-9) (distance[j], changed) = (distance[i] + cost[i, j], true);
            if (!changed) return;
        }
        Assert.Fail("a cycle of moves gains: the assignment is not the best");
    }

    private static double BestTotal(double[] scores, int tokens, int experts)
    {
        double best = double.NegativeInfinity;
        int[] counts = new int[experts];
        Try(0, 0);
        return best;

        void Try(int token, double total)
        {
            if (token == tokens)
            {
                if (counts.All(count => count >= tokens / experts)) best = Math.Max(best, total);
                return;
            }
            for (int expert = 0; expert < experts; expert++)
            {
                if (counts[expert] == (tokens + experts - 1) / experts) continue;
                counts[expert]++;
                Try(token + 1, total + scores[token * experts + expert]);
                counts[expert]--;
            }
        }
    }

    private static double Total(double[] scores, int[] expertOf, int experts) => expertOf.Select((expert, token) => scores[token * experts + expert]).Sum();

    private static int[] Counts(int[] expertOf, int experts) => [.. Enumerable.Range(0, experts).Select(expert => expertOf.Count(other => other == expert))];
}

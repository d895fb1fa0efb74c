using Switchyard.Tensors;

namespace Switchyard.Experts.Classic;

/// <summary>
/// Where a gate starts: every branch at a row of the data, chosen far from the others (k-means++; Arthur and
/// Vassilvitskii 2007). With the logits c·x - ½ |c|² the branch whose row c is nearest is the likeliest.
/// </summary>
internal static class GateStart
{
    /// <summary>Writes the rows of a gate.</summary>
    /// <param name="features">x, [rows, inputs].</param>
    /// <param name="inputs">The length of x.</param>
    /// <param name="candidates">The rows among which the branches' own are chosen; at least one.</param>
    /// <param name="gate">[branches, 1 + inputs], or one row less where the last logit is held at 0.</param>
    /// <param name="branches">How many branches there are.</param>
    /// <param name="random">Draws the rows.</param>
    /// <returns>For every branch the candidates that are nearest to it.</returns>
    public static ILookup<int, int> Place(double[] features, int inputs, int[] candidates, Span<double> gate, int branches, Philox random)
    {
        double[] distance = new double[candidates.Length];
        int[] nearest = new int[candidates.Length];
        Array.Fill(distance, double.PositiveInfinity);
        double[][] centres = new double[branches][];
        for (int branch = 0; branch < branches; branch++)
        {
            int chosen = branch == 0 ? random.Next(candidates.Length) : Draw(distance, random);
            centres[branch] = features.AsSpan(candidates[chosen] * inputs, inputs).ToArray();
            for (int i = 0; i < candidates.Length; i++)
            {
                double squared = 0;
                for (int j = 0; j < inputs; j++) squared += Math.Pow(features[candidates[i] * inputs + j] - centres[branch][j], 2);
                if (squared < distance[i]) (distance[i], nearest[i]) = (squared, branch);
            }
        }

        int columns = 1 + inputs;
        double[] rows = [.. centres.SelectMany(centre => centre.Prepend(-0.5 * centre.Sum(value => value * value)))]; // [branches, columns]
        bool isHeld = gate.Length < rows.Length;
        for (int i = 0; i < gate.Length; i++) gate[i] = rows[i] - (isHeld ? rows[^(columns - i % columns)] : 0);
        return Enumerable.Range(0, candidates.Length).ToLookup(i => nearest[i], i => candidates[i]);
    }

    /// <summary>An index drawn by its weight; any where all weights are 0.</summary>
    private static int Draw(double[] weights, Philox random)
    {
        double left = random.NextDouble() * weights.Sum();
        for (int i = 0; i < weights.Length; i++)
            if ((left -= weights[i]) < 0) return i;
        return random.Next(weights.Length);
    }
}

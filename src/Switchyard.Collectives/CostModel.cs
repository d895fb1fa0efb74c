using Switchyard.Collectives.AllToAll;

namespace Switchyard.Collectives;

/// <summary>What exchanges of all with all cost: a start and a price per byte for each kind of link, and a price for copies.</summary>
/// <param name="BetweenStart">Seconds to start a message between nodes.</param>
/// <param name="BetweenByte">Seconds for a byte between nodes, through one network card.</param>
/// <param name="InsideStart">Seconds to start a message inside a node.</param>
/// <param name="InsideByte">Seconds for a byte inside a node.</param>
/// <param name="CopyByte">Seconds to copy a byte into another order.</param>
/// <param name="Cards">Network cards of a node.</param>
public sealed record CostModel(double BetweenStart, double BetweenByte, double InsideStart, double InsideByte, double CopyByte, double Cards = 1)
{
    /// <summary>How long an exchange takes.</summary>
    /// <param name="algorithm">Which way.</param>
    /// <param name="topology">Among whom; where nodes differ in size their mean counts.</param>
    /// <param name="bytes">How much every rank sends in all.</param>
    /// <param name="copies">Copies of tokens that go between nodes at one per node, as a share of the pairs; 1 for blocks.</param>
    /// <returns>Seconds.</returns>
    public double Seconds(AllToAllAlgorithm algorithm, Topology topology, double bytes, double copies = 1)
    {
        ArgumentNullException.ThrowIfNull(algorithm);
        ArgumentNullException.ThrowIfNull(topology);
        double seconds = 0;
        foreach ((double term, double price) in algorithm.Cost(topology.Nodes, (double)topology.Size / topology.Nodes, bytes, Cards, copies).ToArray().Zip(Prices)) seconds += term * price;
        return seconds;
    }

    private double[] Prices => [BetweenStart, BetweenByte, InsideStart, InsideByte, CopyByte];

    /// <summary>The model that fits measurements best: least squares of the relative error, with no price below 0.</summary>
    /// <param name="topology">Among whom.</param>
    /// <param name="copyByte">The price of copies, which exchanges alone cannot tell from bytes inside a node.</param>
    /// <param name="measured">What exchanges of so many bytes per rank took.</param>
    internal static CostModel Fit(Topology topology, double copyByte, IReadOnlyList<(AllToAllAlgorithm Algorithm, double Bytes, double Seconds)> measured)
    {
        double perNode = (double)topology.Size / topology.Nodes;
        return Enumerable.Range(1, (int)Math.Ceiling(perNode))
            .Select(cards => FitPrices([.. measured.Select(one => one.Algorithm.Cost(topology.Nodes, perNode, one.Bytes, cards, 1).ToArray().Select(term => term / one.Seconds).ToArray())], copyByte, cards))
            .MinBy(static fit => fit.Error).Model;
    }

    // Every row times the prices shall be 1. One price after the other takes its best value, given the others, until they stay.
    private static (CostModel Model, double Error) FitPrices(double[][] rows, double copyByte, int cards)
    {
        const int Rounds = 5000;
        double[] prices = [0, 0, 0, 0, copyByte], left = [.. rows.Select(row => 1 - row[^1] * copyByte)];
        for (int round = 0; round < Rounds; round++)
        {
            for (int column = 0; column < prices.Length - 1; column++)
            {
                double along = 0, square = 0;
                for (int row = 0; row < rows.Length; row++)
                {
                    along += rows[row][column] * left[row];
                    square += rows[row][column] * rows[row][column];
                }

                double step = square == 0 ? 0 : Math.Max(along / square, -prices[column]);
                prices[column] += step;
                for (int row = 0; row < rows.Length; row++) left[row] -= step * rows[row][column];
            }
        }

        return (new CostModel(prices[0], prices[1], prices[2], prices[3], prices[4], cards), left.Sum(static error => error * error));
    }
}

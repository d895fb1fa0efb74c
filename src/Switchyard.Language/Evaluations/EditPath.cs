namespace Switchyard.Language.Evaluations;

/// <summary>
/// The cheapest way from a hypothesis to a reference, word by word, within a band around the diagonal. Of equally cheap
/// steps, keeping or replacing a word comes first, then taking one out, then putting one in.
/// </summary>
internal sealed class EditPath
{
    private const int Band = 25, Unreached = int.MaxValue / 2;

    private enum Step : byte
    {
        Keep,
        Replace,
        TakeOut,
        PutIn,
    }

    public EditPath(string[] hypothesis, string[] reference)
    {
        int rows = hypothesis.Length, columns = reference.Length;
        int[,] cost = new int[rows + 1, columns + 1];
        Step[,] steps = new Step[rows + 1, columns + 1];
        double ratio = rows > 0 ? (double)columns / rows : 1;
        int band = ratio / 2 > Band ? (int)Math.Ceiling(ratio / 2 + Band) : Band;
        for (int column = 0; column <= columns; column++) (cost[0, column], steps[0, column]) = (column, Step.PutIn);
        for (int row = 1; row <= rows; row++)
        {
            for (int column = 0; column <= columns; column++) cost[row, column] = Unreached;
            int diagonal = (int)Math.Floor(row * ratio), end = row == rows ? columns + 1 : Math.Min(columns + 1, diagonal + band);
            for (int column = Math.Max(0, diagonal - band); column < end; column++)
            {
                if (column > 0)
                {
                    bool isSame = hypothesis[row - 1] == reference[column - 1];
                    Offer(cost[row - 1, column - 1] + (isSame ? 0 : 1), isSame ? Step.Keep : Step.Replace);
                }
                Offer(cost[row - 1, column] + 1, Step.TakeOut);
                if (column > 0) Offer(cost[row, column - 1] + 1, Step.PutIn);

                void Offer(int price, Step step)
                {
                    if (price < cost[row, column]) (cost[row, column], steps[row, column]) = (price, step);
                }
            }
        }
        Distance = cost[rows, columns];
        (IsHypothesisWrong, IsReferenceWrong, Alignment) = (new bool[rows], new bool[columns], new int[columns]);
        for (int row = rows, column = columns; row > 0 || column > 0;)
        {
            Step step = steps[row, column];
            if (step != Step.PutIn) row--;
            if (step != Step.TakeOut) column--;
            if (step != Step.TakeOut) (Alignment[column], IsReferenceWrong[column]) = (step == Step.PutIn ? row - 1 : row, step != Step.Keep);
            if (step != Step.PutIn) IsHypothesisWrong[row] = step != Step.Keep;
        }
    }

    /// <summary>How many words are put in, taken out or replaced.</summary>
    public int Distance { get; }

    /// <summary>The words of the hypothesis that do not stay.</summary>
    public bool[] IsHypothesisWrong { get; }

    /// <summary>The words of the reference that were not there.</summary>
    public bool[] IsReferenceWrong { get; }

    /// <summary>The word of the hypothesis that each word of the reference stands for or comes after; -1 before the first.</summary>
    public int[] Alignment { get; }
}

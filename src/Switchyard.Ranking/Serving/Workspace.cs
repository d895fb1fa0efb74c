namespace Switchyard.Ranking.Serving;

/// <summary>The memory that a thread ranks in; it grows to the largest request, and then stays.</summary>
internal sealed class Workspace(int numbers, int tasks)
{
    /// <summary>What the plan works on.</summary>
    public float[] Numbers { get; } = new float[numbers];

    /// <summary>The calibrated score of each task and candidate [candidates, tasks].</summary>
    public double[] TaskScores { get; private set; } = [];

    /// <summary>The score by which candidates are ranked.</summary>
    public double[] Scores { get; private set; } = [];

    /// <summary>Their ids.</summary>
    public long[] Ids { get; private set; } = [];

    /// <summary>The best of them.</summary>
    public int[] Top { get; private set; } = [];

    /// <summary>Makes room for so many candidates.</summary>
    public void Hold(int candidates, int top)
    {
        if (Scores.Length < candidates) (TaskScores, Scores, Ids) = (new double[candidates * tasks], new double[candidates], new long[candidates]);
        if (Top.Length < top) Top = new int[top];
    }
}

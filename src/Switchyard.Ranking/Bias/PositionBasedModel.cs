namespace Switchyard.Ranking.Bias;

/// <summary>One impression of a log.</summary>
/// <param name="Query">What was asked.</param>
/// <param name="Document">What was shown.</param>
/// <param name="Position">Where, from 0.</param>
/// <param name="IsClicked">Whether it was clicked.</param>
public readonly record struct Impression(int Query, int Document, int Position, bool IsClicked);

/// <summary>
/// The position-based click model, P(click) = θ(position)·γ(query, document), fitted by expectation–maximisation (Chuklin et al., "Click
/// models for web search", 2015, §4.3.2). Only products are identified: compare θ/θ(0).
/// </summary>
public sealed class PositionBasedModel
{
    private const double Cap = 1 - 1e-6;

    private readonly bool _isSmoothed;

    /// <summary>Starts a model.</summary>
    /// <param name="positions">How many positions.</param>
    /// <param name="queries">How many queries.</param>
    /// <param name="documents">How many documents.</param>
    /// <param name="start">The first value of every probability.</param>
    /// <param name="isSmoothed">Whether every count begins as 1 of 2, and no probability exceeds 1 - 1e-6; otherwise pure maximum likelihood.</param>
    public PositionBasedModel(int positions, int queries, int documents, double start = 0.5, bool isSmoothed = false)
    {
        _isSmoothed = isSmoothed;
        Examination = new double[positions];
        Relevance = new double[queries, documents];
        Array.Fill(Examination, start);
        for (int query = 0; query < queries; query++)
            for (int document = 0; document < documents; document++) Relevance[query, document] = start;
    }

    /// <summary>θ [positions].</summary>
    public double[] Examination { get; private set; }

    /// <summary>γ [queries, documents].</summary>
    public double[,] Relevance { get; private set; }

    /// <summary>One round of expectation and maximisation.</summary>
    public void Step(ReadOnlySpan<Impression> log)
    {
        int queries = Relevance.GetLength(0), documents = Relevance.GetLength(1);
        double[] examined = new double[Examination.Length], shown = new double[Examination.Length];
        double[,] relevant = new double[queries, documents], seen = new double[queries, documents];
        foreach (Impression one in log)
        {
            double theta = Examination[one.Position], gamma = Relevance[one.Query, one.Document], none = 1 - theta * gamma;
            examined[one.Position] += one.IsClicked ? 1 : theta * (1 - gamma) / none;
            relevant[one.Query, one.Document] += one.IsClicked ? 1 : gamma * (1 - theta) / none;
            shown[one.Position]++;
            seen[one.Query, one.Document]++;
        }
        Examination = [.. examined.Select((sum, position) => Mean(sum, shown[position], Examination[position]))];
        double[,] before = Relevance, after = new double[queries, documents];
        for (int query = 0; query < queries; query++)
            for (int document = 0; document < documents; document++)
                after[query, document] = Mean(relevant[query, document], seen[query, document], before[query, document]);
        Relevance = after;
    }

    /// <summary>Σ ln P(click or none) over a log.</summary>
    public double LogLikelihood(ReadOnlySpan<Impression> log)
    {
        double sum = 0;
        foreach (Impression one in log)
        {
            double click = Examination[one.Position] * Relevance[one.Query, one.Document];
            sum += Math.Log(one.IsClicked ? click : 1 - click);
        }
        return sum;
    }

    // What was never shown stays as it was.
    private double Mean(double sum, double count, double before)
        => _isSmoothed ? Math.Min(Cap, (1 + sum) / (2 + count)) : count == 0 ? before : sum / count;
}

namespace Switchyard.Ranking.Serving;

/// <summary>A network as steps over one array of numbers, laid out once: a request allocates nothing.</summary>
internal sealed class ServingPlan
{
    /// <summary>Candidates of a block.</summary>
    public const int BlockRows = 128;

    private readonly List<ServingStep> _steps = [];

    /// <summary>Numbers of a workspace.</summary>
    public int Numbers { get; private set; }

    /// <summary>Makes room for a block of rows.</summary>
    public Place Reserve(int width)
    {
        Place place = new(Numbers, width, width);
        Numbers = checked(Numbers + width * BlockRows);
        return place;
    }

    /// <summary>Makes room for numbers that all candidates share.</summary>
    public Place ReserveShared(int width)
    {
        Place place = new(Numbers, width, 0);
        Numbers = checked(Numbers + width);
        return place;
    }

    /// <summary>Floating-point operations of a candidate in products.</summary>
    public double Flops => _steps.Sum(static step => step.Flops);

    /// <summary>Adds a step.</summary>
    public void Add(ServingStep step) => _steps.Add(step);

    /// <summary>Does what is the same for all candidates of a request.</summary>
    public void Begin(float[] numbers)
    {
        foreach (ServingStep step in _steps) step.Begin(numbers);
    }

    /// <summary>Computes a block.</summary>
    public void Run(float[] numbers, int rows)
    {
        foreach (ServingStep step in _steps) step.Run(numbers, rows);
    }
}

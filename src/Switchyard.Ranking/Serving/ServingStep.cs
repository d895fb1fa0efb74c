namespace Switchyard.Ranking.Serving;

/// <summary>One step from the features of a block of candidates to their scores.</summary>
internal abstract class ServingStep
{
    /// <summary>Floating-point operations of a candidate in products.</summary>
    public virtual double Flops => 0;

    /// <summary>Does what is the same for all candidates of a request.</summary>
    public virtual void Begin(float[] numbers)
    {
    }

    /// <summary>Computes a block.</summary>
    public abstract void Run(float[] numbers, int rows);
}

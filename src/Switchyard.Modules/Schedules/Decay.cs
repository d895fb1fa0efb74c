namespace Switchyard.Modules.Schedules;

/// <summary>How the learning rate falls after the warm-up.</summary>
public enum Decay
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>Along a straight line.</summary>
    Linear,

    /// <summary>Along half a cosine: slowly, fast, slowly (Loshchilov and Hutter, "SGDR", ICLR 2017, without restarts).</summary>
    Cosine,
}

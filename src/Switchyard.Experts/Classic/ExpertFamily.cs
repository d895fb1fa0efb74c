namespace Switchyard.Experts.Classic;

/// <summary>The distribution of a target that every expert of a <see cref="ClassicMixture"/> gives.</summary>
public enum ExpertFamily
{
    /// <summary>Numbers: a normal distribution around the expert's outputs, with one variance per expert.</summary>
    Gaussian,

    /// <summary>Yes or no: the logistic function of the expert's one output is the probability of 1.</summary>
    Bernoulli,

    /// <summary>One of several classes: the softmax of the expert's outputs.</summary>
    Multinomial,
}

namespace Switchyard.Ranking.Simulation;

/// <summary>How the people of a simulated world click.</summary>
public enum ClickModel
{
    /// <summary>What is looked at and relevant is clicked; each place is looked at by itself, with probability θ.</summary>
    Position,

    /// <summary>
    /// The same, but the upper places are trusted: what is looked at and not relevant is clicked all the same with probability 0.65 over
    /// the place from 1 (the form of Agarwal et al., WWW 2019, §3).
    /// </summary>
    Trust,

    /// <summary>From the top down, until something relevant is clicked; nobody looks further (Craswell et al., WSDM 2008, §3.4).</summary>
    Cascade,
}

/// <summary>Who clicks what on a page.</summary>
public static class Clicks
{
    private const double Trusted = 0.65;

    /// <summary>The clicks of a page.</summary>
    /// <param name="model">How people click.</param>
    /// <param name="positions">The place of each candidate, from 0 [slots].</param>
    /// <param name="relevant">Whether each is relevant [slots].</param>
    /// <param name="device">The device, which decides θ.</param>
    /// <param name="uniforms">A number from 0 to below 1 for each candidate [slots].</param>
    /// <returns>Whether each is clicked [slots].</returns>
    public static bool[] Of(ClickModel model, ReadOnlySpan<int> positions, ReadOnlySpan<bool> relevant, int device, ReadOnlySpan<double> uniforms)
    {
        bool[] clicks = new bool[positions.Length];
        int last = positions.Length;
        if (model == ClickModel.Cascade)
            for (int slot = 0; slot < clicks.Length; slot++) if (relevant[slot]) last = Math.Min(last, positions[slot]);
        for (int slot = 0; slot < clicks.Length; slot++)
        {
            double theta = RankingWorld.Examination(positions[slot], device);
            clicks[slot] = model switch
            {
                ClickModel.Cascade => positions[slot] == last,
                ClickModel.Trust when !relevant[slot] => uniforms[slot] < theta * Trusted / (positions[slot] + 1),
                _ => relevant[slot] && uniforms[slot] < theta,
            };
        }
        return clicks;
    }
}

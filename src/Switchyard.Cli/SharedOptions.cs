using System.CommandLine;
using System.Globalization;

namespace Switchyard.Cli;

/// <summary>Options that mean the same in every command that has them.</summary>
internal static class SharedOptions
{
    /// <summary><c>--seed N</c>, 0 unless given.</summary>
    public static Option<ulong> Seed() => new("--seed")
    {
        Description = "Seed of the random numbers; the same seed gives the same result",
        HelpName = "N",
        DefaultValueFactory = _ => 0,
    };

    /// <summary><c>--threads N</c>, at least 1, all of the machine's unless given.</summary>
    public static Option<int> Threads()
    {
        Option<int> threads = new("--threads")
        {
            Description = "Threads to compute with; their number does not change the result",
            HelpName = "N",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        threads.AcceptAtLeast(1);
        return threads;
    }

    /// <summary><c>--ranks N</c>, 1 unless given.</summary>
    public static Option<int> Ranks()
    {
        Option<int> ranks = new("--ranks")
        {
            Description = "Ranks to train on, as threads of this process that share the experts and every micro-batch out [default: 1]",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
        };
        ranks.AcceptAtLeast(1);
        return ranks;
    }

    /// <summary>Refuses what is not a number, and numbers without end.</summary>
    public static void AcceptFinite(this Option<double> option) => option.Validators.Add(result =>
    {
        if (result.Tokens is [.., var token] && double.TryParse(token.Value, CultureInfo.InvariantCulture, out double value) && !double.IsFinite(value))
            result.AddError($"{option.Name} is {token.Value}, and must be finite");
    });

    /// <summary>Refuses smaller values with one line that names the option, the value and the bound.</summary>
    public static void AcceptAtLeast(this Option<int> option, int minimum) => option.Validators.Add(result =>
    {
        // What is no number is reported by the library.
        if (result.Tokens is [.., var token] && int.TryParse(token.Value, out int value) && value < minimum)
            result.AddError($"{option.Name} is {value}, and must be at least {minimum}");
    });
}

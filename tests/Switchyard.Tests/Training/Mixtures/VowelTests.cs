using Switchyard.Experts.Classic;
using Switchyard.Training.Mixtures;

namespace Switchyard.Tests.Training.Mixtures;

/// <summary>The vowels of Peterson and Barney (1952), tested on speakers that were held out, over ten splits.</summary>
[Trait("Category", "Slow")]
public sealed class VowelTests(ITestOutputHelper log) : IDisposable
{
    private const int Seeds = 10;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Four_linear_experts_tell_four_vowels_apart_by_two_formants_as_well_as_a_network_of_their_size()
    {
        string data = Only("i", "I", "A", "V");
        MixtureRunOptions options = new() { Data = data, Target = "vowel", Group = "speaker", Features = ["f1", "f2"], Experts = 4, HeldOut = 1.0 / 3, Iterations = 60 };
        (Interval mixture, int size) = Accuracy(options);
        // One expert with 8 hidden units, and nothing for a gate to choose from.
        (Interval network, int networkSize) = Accuracy(options with { Experts = 1, Expert = ExpertKind.Mlp, Hidden = 8, Method = FitMethod.Gradient, Iterations = 1000, Ridge = 0.01 });
        log.WriteLine($"mixture {mixture} with {size} parameters, network {network} with {networkSize}");
        Assert.Equal(size, networkSize);
        Assert.True(mixture.Mean >= 0.85);
        Assert.True(mixture.Mean >= network.Mean - 0.02);
    }

    [Fact]
    public void All_ten_vowels_are_told_apart_by_pitch_and_three_formants()
    {
        string[] features = ["f0", "f1", "f2", "f3"];
        MixtureRunOptions options = new() { Data = Vowels(), Target = "vowel", Group = "speaker", Features = features, Log = features, Experts = 4 };
        (Interval accuracy, _) = Accuracy(options);
        log.WriteLine($"{accuracy}");
        Assert.True(accuracy.Mean >= 0.86);
    }

    private (Interval Accuracy, int Parameters) Accuracy(MixtureRunOptions options)
    {
        List<double> scores = [];
        int parameters = 0;
        for (ulong seed = 0; seed < Seeds; seed++)
        {
            MixtureData data = MixtureData.Load(options with { Seed = seed });
            using ClassicMixture mixture = new(data.Config.Model);
            MixtureRun run = new(data.Config, mixture);
            MixtureFit fit = run.Fit(data.Fitted, interrupted: TestContext.Current.CancellationToken);
            Assert.True(options.Method == FitMethod.Gradient || fit.NeverFell);
            scores.Add(run.Predict(data.HeldOut).Score!.Value);
            // A gate of one branch decides nothing.
            parameters = (int)mixture.Parameters().Where(entry => options.Experts > 1 || entry.Tensor != mixture.TopGate).Sum(entry => entry.Tensor.Elements);
        }
        return (Interval.Of(scores), parameters);
    }

    private string Only(params string[] vowels)
    {
        string[] lines = File.ReadAllLines(Vowels());
        int column = Array.IndexOf(lines[0].Split(','), "vowel");
        return _folder.Write("vowels.csv", System.Text.Encoding.UTF8.GetBytes(string.Join('\n', lines.Where((line, i) => i == 0 || vowels.Contains(line.Split(',')[column])))));
    }

    private static string Vowels()
    {
        string path = Path.Combine(Fixtures.Data, "vowels", "peterson-barney.csv");
        Assert.SkipUnless(File.Exists(path), $"no data at {path}");
        return path;
    }
}

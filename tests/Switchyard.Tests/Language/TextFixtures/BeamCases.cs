using System.Text.Json;
using Switchyard.Language.Translation;

namespace Switchyard.Tests.Language.TextFixtures;

/// <summary>Beam search over language models that are tables: the best sequences of every width, what lives on, and ties.</summary>
internal static class BeamCases
{
    private static readonly Dictionary<string, LengthPenalty> Penalties = new()
    {
        ["none"] = LengthPenalty.None,
        ["power"] = LengthPenalty.Power,
        ["gnmt"] = LengthPenalty.Gnmt,
        ["reward"] = LengthPenalty.Reward,
    };

    public static void Walk(TextCase one)
    {
        if (one.Values.TryGetProperty("finished", out JsonElement finished))
        {
            List<IReadOnlyList<LiveBeam>> live = [];
            BeamSearch search = new(new() { Width = one.Values.GetProperty("width").GetInt32(), Penalty = LengthPenalty.None });
            Same(one, finished, search.Search(Table(one, live), End(one), Longest(one)));
            SameLive(one, one.Values.GetProperty("live_after_each_step"), live);
            return;
        }
        foreach (JsonElement result in one.Values.GetProperty("results").EnumerateArray())
            foreach (JsonElement beam in result.GetProperty("beams").EnumerateArray())
                Walk(one, result, beam);
    }

    private static void Walk(TextCase one, JsonElement result, JsonElement beam)
    {
        List<IReadOnlyList<LiveBeam>> live = [];
        BeamOptions options = new() { Width = beam.GetProperty("width").GetInt32(), Penalty = Penalties[result.GetProperty("penalty").GetString()!], Strength = result.GetProperty("strength").GetDouble() };
        JsonElement best = beam.GetProperty("best");
        IReadOnlyList<FinishedBeam> all = new BeamSearch(options).Search(Table(one, live), End(one), Longest(one));
        Same(one, best, [.. all.Take(best.GetArrayLength())]);
        if (beam.TryGetProperty("live_after_each_step", out JsonElement steps)) SameLive(one, steps, live);

        // Stopping as soon as the best are certain changes nothing.
        Same(one, best, new BeamSearch(options).Search(Table(one, []), End(one), Longest(one), best.GetArrayLength()));
        JsonElement exact = result.GetProperty("exact")[0].GetProperty("sequence");
        Assert.Equal(beam.GetProperty("exact_found").GetBoolean(), all.Count > 0 && all[0].Tokens.SequenceEqual(exact.EnumerateArray().Select(static token => token.GetInt32())));
    }

    private static int End(TextCase one) => one.Parameters.GetProperty("eos").GetInt32();

    private static int Longest(TextCase one) => one.Parameters.GetProperty("max_length").GetInt32();

    private static NextTokens Table(TextCase one, List<IReadOnlyList<LiveBeam>> seen)
    {
        double[] table = one.Tensor<double>("input.table");
        int vocabulary = one.Parameters.GetProperty("vocabulary").GetInt32(), start = one.Parameters.GetProperty("bos").GetInt32(), order = one.Parameters.GetProperty("order").GetInt32();
        return live =>
        {
            seen.Add(live);
            return [.. live.SelectMany(beam =>
            {
                int row = Enumerable.Repeat(start, order).Concat(beam.Tokens).TakeLast(order).Aggregate(0, (sum, token) => sum * vocabulary + token);
                return table.Skip(row * vocabulary).Take(vocabulary).Select(static number => number <= -1e30 ? double.NegativeInfinity : number);
            })];
        };
    }

    private static void Same(TextCase one, JsonElement expected, IReadOnlyList<FinishedBeam> got)
    {
        double tolerance = one.Tolerance("score_absolute");
        Assert.Equal(expected.EnumerateArray().Select(Sequence), got.Select(static sequence => string.Join(' ', sequence.Tokens)));
        foreach ((JsonElement want, FinishedBeam have) in expected.EnumerateArray().Zip(got))
        {
            Assert.Equal(want.GetProperty("score").GetDouble(), have.Score, tolerance);
            if (want.TryGetProperty("log_probability", out JsonElement logProbability)) Assert.Equal(logProbability.GetDouble(), have.LogProbability, tolerance);
        }
    }

    private static void SameLive(TextCase one, JsonElement steps, List<IReadOnlyList<LiveBeam>> live)
    {
        // What lives after a step is what the next one is asked about; after the last nobody asks.
        JsonElement[] expected = [.. steps.EnumerateArray().Where(static step => step.GetArrayLength() > 0)];
        Assert.Equal(expected.Length, live.Count - 1);
        foreach ((JsonElement want, IReadOnlyList<LiveBeam> have) in expected.Zip(live.Skip(1)))
        {
            Assert.Equal(want.EnumerateArray().Select(Sequence), have.Select(static beam => string.Join(' ', beam.Tokens)));
            foreach ((JsonElement beam, LiveBeam got) in want.EnumerateArray().Zip(have)) Assert.Equal(beam.GetProperty("log_probability").GetDouble(), got.LogProbability, one.Tolerance("score_absolute"));
        }
    }

    private static string Sequence(JsonElement sequence) => string.Join(' ', sequence.GetProperty("sequence").EnumerateArray().Select(static token => token.GetInt32()));
}

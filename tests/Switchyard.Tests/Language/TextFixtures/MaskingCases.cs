using System.Text.Json;
using Switchyard.Language.Masking;
using Switchyard.Tensors;

namespace Switchyard.Tests.Language.TextFixtures;

/// <summary>Masking from given numbers, its shares from our own random numbers, and the even count.</summary>
internal static class MaskingCases
{
    public static void Given(TextCase one)
    {
        JsonElement parameters = one.Parameters;
        int[] ids = one.Tensor<int>("input.ids"), special = one.Tensor<int>("input.special"), labels = new int[ids.Length], before = [.. ids];
        // The masker asks about tokens, the case about places: each token that is special somewhere gets a name of its own.
        const int Marked = 1 << 20;
        for (int place = 0; place < ids.Length; place++) ids[place] += special[place] != 0 ? Marked : 0;
        TokenMasker masker = new(new() { Share = parameters.GetProperty("probability").GetDouble() }, parameters.GetProperty("vocabulary").GetInt32(), parameters.GetProperty("mask_id").GetInt32(), static id => id >= Marked);
        masker.Mask(ids, labels, one.Tensor<double>("input.uniform_select"), one.Tensor<double>("input.uniform_action"), one.Tensor<int>("input.replacement"));
        Assert.Equal(TokenMasker.NotGuessed, parameters.GetProperty("ignore").GetInt32());
        Assert.Equal(one.Tensor<int>("output.ids"), ids.Select(static id => id % Marked));
        Assert.Equal(one.Tensor<int>("output.labels"), labels);
        Assert.Equal(one.Values.GetProperty("selected").GetInt32(), labels.Count(static label => label != TokenMasker.NotGuessed));
    }

    public static void Shares(TextCase one)
    {
        int vocabulary = one.Parameters.GetProperty("vocabulary").GetInt32(), mask = vocabulary - 1;
        JsonElement expected = one.Values.GetProperty("expected");
        foreach (JsonElement row in one.Values.GetProperty("tolerance").GetProperty("selected").EnumerateArray())
        {
            int tokens = row.GetProperty("tokens").GetInt32();
            int[] ids = [.. Enumerable.Range(0, tokens).Select(place => place * 7919 % mask)], hidden = [.. ids], labels = new int[tokens];
            new TokenMasker(new(), vocabulary, mask, id => id == mask).Mask(hidden, labels, new Philox(5).Split((ulong)tokens));
            int[] selected = [.. Enumerable.Range(0, tokens).Where(place => labels[place] != TokenMasker.NotGuessed)];
            Dictionary<string, double> shares = new()
            {
                ["selected"] = (double)selected.Length / tokens,
                ["masked"] = Share(place => hidden[place] == mask),
                ["kept"] = Share(place => hidden[place] == ids[place]),
                ["replaced"] = Share(place => hidden[place] != mask && hidden[place] != ids[place]),
            };
            foreach ((string name, double share) in shares)
            {
                double halfWidth = one.Values.GetProperty("tolerance").GetProperty(name).EnumerateArray().Single(other => other.GetProperty("tokens").GetInt32() == tokens).GetProperty("half_width_5_sigma").GetDouble();
                Assert.Equal(expected.GetProperty(name).GetDouble(), share, halfWidth);
            }

            double Share(Func<int, bool> isSo) => (double)selected.Count(isSo) / selected.Length;
        }
    }

    public static void Counts(TextCase one)
    {
        MaskingOptions options = new() { EvenCount = true };
        foreach (JsonElement row in one.Values.EnumerateArray())
        {
            int length = row.GetProperty("length").GetInt32(), low = row.GetProperty("low").GetInt32(), high = row.GetProperty("high").GetInt32();
            Assert.Equal(low, options.Count(length, 0));
            Assert.Equal(high, options.Count(length, 1 - 1e-9));
            Assert.Equal(row.GetProperty("mean").GetDouble(), Enumerable.Range(0, 1000).Average(part => options.Count(length, part / 1000.0)), 1e-3);
            int[] labels = new int[length];
            new TokenMasker(options, 100, 99, static _ => false).Mask(new int[length], labels, new Philox((ulong)length));
            Assert.InRange(labels.Count(static label => label != TokenMasker.NotGuessed), low, high);
        }
    }
}

using System.Text.Json;
using Switchyard.Language.Tokenizers.Subword;

namespace Switchyard.Tests.Language.TextFixtures;

/// <summary>Merges of words learnt and applied: whole, halved, with a vocabulary and with glossaries.</summary>
internal static class SubwordCases
{
    public static void Walk(TextCase one)
    {
        string file = one.Values.GetProperty("codes_file").GetString()!, content = TextManifest.Text(file);
        string[] text = TextManifest.Text(one.Values.GetProperty("train_file").GetString()!).Split('\n');
        SubwordCodes codes = SubwordCodes.Parse(file, content);
        Assert.Equal(content, codes.ToString());
        Assert.Equal(one.Parameters.GetProperty("merges_learnt").GetInt32(), codes.Merges.Count);
        SubwordCodes learnt = SubwordLearner.Learn(text, one.Parameters.GetProperty("merges_asked").GetInt32(), one.Parameters.GetProperty("minimum_frequency").GetInt32());
        Assert.Equal(codes.Merges, learnt.Merges);

        SubwordSegmenter segmenter = new(codes);
        Check(one.Values, segmenter);
        Check(one.Values.GetProperty("first_half_of_merges"), new(codes, one.Values.GetProperty("first_half_of_merges").GetProperty("merges").GetInt32()));
        JsonElement glossaries = one.Values.GetProperty("with_glossaries");
        Check(glossaries, new(codes, glossaries: TextCase.Lines(glossaries.GetProperty("glossaries"))));
        JsonElement threshold = one.Values.GetProperty("with_vocabulary_threshold");
        int least = threshold.GetProperty("threshold").GetInt32();
        HashSet<string> frequent = [.. text.SelectMany(line => segmenter.Segment(line).Split(' ')).CountBy(static piece => piece).Where(piece => piece.Value >= least).Select(static piece => piece.Key)];
        Check(threshold, new(codes, vocabulary: frequent));

        // Of blanks side by side within a line one is left.
        IEnumerable<string> changed = TextCase.Lines(one.Values.GetProperty("lines")).Where(line => !Words(line).SequenceEqual(Words(segmenter.Segment(line).Replace("@@ ", "", StringComparison.Ordinal))));
        Assert.Equal(TextCase.Lines(one.Values.GetProperty("lines_not_restored_by_removing_marks")), changed);
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static void Check(JsonElement expected, SubwordSegmenter segmenter)
        => Assert.Equal(TextCase.Lines(expected.GetProperty("segmented")), TextCase.Lines(expected.GetProperty("lines")).Select(segmenter.Segment));
}

using Switchyard.Modules.Safetensors;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Networks;
using Switchyard.Ranking.Runs;
using Switchyard.Tensors;
using Switchyard.Training;

namespace Switchyard.Cli.Benchmarks;

/// <summary>A ranker with one very large table, all zeros, that takes next to no room on the disk: the file has a hole where the table is.</summary>
internal static class LargeTable
{
    /// <summary>Writes the folder of a run that can be served.</summary>
    /// <param name="run">The folder.</param>
    /// <param name="rows">Rows of the table, but for that of missing names.</param>
    /// <param name="width">Length of a vector.</param>
    public static void Write(string run, int rows, int width)
    {
        // A run with a small table, of which the table is then made large.
        RankingOptions options = new() { Network = new NetworkOptions { SharedWidths = [64], ExpertWidths = [32], TowerWidths = [16] } };
        using (RankingData data = Logged(run + ".csv", Schema(16, width)))
        using (RankingTraining training = RankingTraining.Begin(run, options with { Debiasing = options.Debiasing with { Kind = Switchyard.Ranking.Bias.Debiasing.None } }, data)) training.Finish();

        FeatureSchema large = FeatureSchema.Read(Path.Combine(run, FeatureSchema.FileName));
        large = large with { Features = [large.Features[0] with { Hash = rows }, .. large.Features.Skip(1)] };
        large.Write(Path.Combine(run, FeatureSchema.FileName));
        string config = RunFolder.ConfigOf(run);
        File.WriteAllText(config, (RankingOptions.Read(config) with { SchemaChecksum = RankingTraining.ChecksumOf(large.ToJson()) }).ToJson());
        using SafetensorsFile small = SafetensorsFile.Open(Path.Combine(run, RankingTraining.ModelFile));
        using TensorScope scope = new();
        SafetensorsWriter.Write(Path.Combine(run, RankingTraining.ModelFile), [.. small.Header.Entries.Select(entry => entry.Name == Scorer.TableName(0)
            ? new SafetensorsSource(entry.Name, SafetensorsType.Float32, [rows + 1, width], stream => Hole(stream, (rows + 1L) * width * sizeof(float)))
            : small.ReadTensor(entry).ToSource(entry.Name))]);
    }

    private static FeatureSchema Schema(int rows, int width) => new()
    {
        Features = [new Feature { Name = "item", Kind = FeatureKind.Categorical, Hash = rows, Width = width }, new Feature { Name = "price" }],
        Tasks = [new TaskColumn { Name = "click" }, new TaskColumn { Name = "like" }],
    };

    private static RankingData Logged(string path, FeatureSchema schema)
    {
        File.WriteAllLines(path, Enumerable.Range(0, 100).Select(static row => $"i{row},{row % 7},{row % 2},{row / 2 % 2}").Prepend("item,price,click,like"));
        return RankingData.Load(path, schema, heldOut: 0.2, seed: 0);
    }

    private static void Hole(Stream stream, long bytes)
    {
        stream.Position += bytes - 1;
        stream.WriteByte(0);
    }
}

using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

public sealed class MetricsFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-metrics").FullName;

    private string FilePath => Path.Combine(_folder, MetricsFile.Name);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    internal static StepMetrics Record(long step, double loss = 1.5, double? validation = null) => new()
    {
        Step = step,
        Tokens = step * 4096,
        TrainLoss = loss,
        LearningRate = 2e-3,
        GradientNorm = 0.7,
        TokensPerSecond = 20_000,
        ValidationLoss = validation,
        Layers =
        [
            new() { Layer = 0, Load = [0.5, 0.25, 0.25], Entropy = 0.9, DroppedFraction = 0, MaxOverMean = 1.5 },
            new() { Layer = 2, Load = [0.2, 0.4, 0.4], Entropy = 0.95, DroppedFraction = 0.01, MaxOverMean = 1.2 },
        ],
    };

    private void Write(params StepMetrics[] records)
    {
        using MetricsFile file = MetricsFile.Create(FilePath);
        foreach (StepMetrics record in records) file.Append(record);
    }

    private static void AssertSame(StepMetrics expected, StepMetrics actual)
    {
        Assert.Equal(expected with { Layers = actual.Layers }, actual);
        Assert.Equal(expected.Layers.Count, actual.Layers.Count);
        foreach ((LayerMetrics first, LayerMetrics second) in expected.Layers.Zip(actual.Layers))
        {
            Assert.Equal(first.Load, second.Load);
            Assert.Equal(first with { Load = second.Load }, second);
        }
    }

    [Fact]
    public void Any_numbers_survive_a_round_trip() => Check.QuickThrowOnFailure(
        Prop.ForAll<double, double?, double[]>((loss, validation, load) =>
        {
            StepMetrics record = Record(1, loss, validation) with
            {
                Layers = [new() { Layer = 3, Load = load ?? [], Entropy = loss, DroppedFraction = 0, MaxOverMean = 1 }],
            };
            Write(record);
            AssertSame(record, Assert.Single(MetricsFile.Read(FilePath)));
        }));

    [Fact]
    public void Numbers_that_json_does_not_know_are_strings()
    {
        Write(Record(1, double.NaN, double.PositiveInfinity), Record(2, double.NegativeInfinity));
        string[] lines = File.ReadAllLines(FilePath);
        Assert.Contains("\"train_loss\":\"NaN\"", lines[0]);
        Assert.Contains("\"validation_loss\":\"Infinity\"", lines[0]);
        Assert.Contains("\"train_loss\":\"-Infinity\"", lines[1]);
        Assert.DoesNotContain("validation_loss", lines[1]);
        foreach (string line in lines) JsonDocument.Parse(line).Dispose();
        Assert.True(double.IsNaN(MetricsFile.Read(FilePath)[0].TrainLoss));
    }

    [Fact]
    public void A_torn_last_line_is_passed_over_wherever_it_was_torn()
    {
        Write(Record(1), Record(2));
        byte[] whole = File.ReadAllBytes(FilePath);
        int secondLine = whole.AsSpan().IndexOf((byte)'\n') + 1;
        for (int length = secondLine; length < whole.Length; length++)
        {
            File.WriteAllBytes(FilePath, whole[..length]);
            AssertSame(Record(1), Assert.Single(MetricsFile.Read(FilePath)));
        }
    }

    [Theory]
    [InlineData(0, new long[] { 9 })]
    [InlineData(2, new long[] { 1, 2, 9 })]
    [InlineData(3, new long[] { 1, 2, 3, 9 })]
    [InlineData(7, new long[] { 1, 2, 3, 9 })]
    public void Resuming_drops_what_came_after_the_checkpoint(long step, long[] expected)
    {
        Write(Record(1), Record(2), Record(3));
        File.AppendAllText(FilePath, "{\"step\":4,\"tok");
        using (MetricsFile file = MetricsFile.Resume(FilePath, step)) file.Append(Record(9));
        Assert.Equal(expected, MetricsFile.Read(FilePath).Select(record => record.Step));
    }

    [Fact]
    public void Resuming_without_a_file_starts_one()
    {
        using (MetricsFile file = MetricsFile.Resume(FilePath, 5)) file.Append(Record(6));
        Assert.Single(MetricsFile.Read(FilePath));
    }

    [Fact]
    public void Records_can_be_read_while_the_run_goes_on()
    {
        using MetricsFile file = MetricsFile.Create(FilePath);
        file.Append(Record(1));
        Assert.Single(MetricsFile.Read(FilePath));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("{\"step\":\"NaN\"}")]
    public void A_damaged_line_is_named(string line)
    {
        Write(Record(1));
        File.AppendAllText(FilePath, line + "\n");
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => MetricsFile.Read(FilePath));
        Assert.StartsWith($"{FilePath}, line 2", failure.Message);
        Assert.NotNull(failure.Hint);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Theory]
    [InlineData("\"load\":[0.5,0.25,0.25]", "\"load\":null")]
    [InlineData("\"layer\":0,", "")]
    [InlineData("\"train_loss\":1.5", "\"train_loss\":\"much\"")]
    public void A_damaged_record_is_named(string from, string to)
    {
        Write(Record(1));
        File.WriteAllText(FilePath, File.ReadAllText(FilePath).Replace(from, to), new UTF8Encoding(false));
        Assert.StartsWith($"{FilePath}, line 1", Assert.Throws<SwitchyardException>(() => MetricsFile.Read(FilePath)).Message);
    }

    [Fact]
    public void A_damaged_file_is_left_alone_when_resuming_fails()
    {
        File.WriteAllText(FilePath, "garbage\n");
        Assert.Throws<SwitchyardException>(() => MetricsFile.Resume(FilePath, 5));
        Assert.Equal("garbage\n", File.ReadAllText(FilePath));
    }
}

using Switchyard.Language.Runs;
using Switchyard.Language.Transformer;
using Switchyard.Training;

namespace Switchyard.Tests.Language.Runs;

public sealed class LanguageTrainingTests
{
    [Fact]
    public void Whoever_asks_is_told_how_far_the_tokenizer_and_every_evaluation_have_come()
    {
        using TemporaryFolder folder = new();
        string book = Path.Combine(folder.Path, "book.txt");
        File.WriteAllText(book, string.Concat(Enumerable.Range(0, 400).Select(static number => $"{number} plus {number + 1} is {2 * number + 1}.\n")));
        Heard heard = new();
        using (LanguageTraining training = LanguageTraining.Begin(Path.Combine(folder.Path, "run"), book, static (data, _) => new LanguageRunOptions
        {
            Data = data,
            Tokenizer = "bpe:280",
            Model = new DecoderOptions { Layers = 1, Width = 8, Heads = 2, Hidden = 8, Experts = 2, Context = 16 },
            Learning = new LearningOptions { Steps = 2, Batch = 4, EvaluateEvery = 1 },
        }, heard))
        {
            Assert.Equal(Enumerable.Range(257, 24).Select(static entries => new WorkProgress("learning byte pairs", "entries", entries, 280)), heard.Reports);
            heard.Reports.Clear();
            training.Run(new TrainingObserver { Working = heard }, TimeProvider.System, TestContext.Current.CancellationToken);
        }
        WorkProgress last = heard.Reports[^1];
        Assert.Equal(("evaluating", "windows"), (last.Activity, last.Unit));
        Assert.Equal(2, heard.Reports.Count(report => report.Done == last.Total));
        Assert.True(last.Total > 4 && heard.Reports.Count == 2 * ((last.Total + 3) / 4));
    }

    private sealed class Heard : IProgress<WorkProgress>
    {
        public List<WorkProgress> Reports { get; } = [];

        public void Report(WorkProgress value) => Reports.Add(value);
    }
}

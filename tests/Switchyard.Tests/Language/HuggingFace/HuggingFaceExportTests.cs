using Switchyard.Experts.Gates;
using Switchyard.Experts.Selection;
using Switchyard.Language.HuggingFace;
using Switchyard.Language.Tokenizers;
using Switchyard.Language.Transformer;
using Switchyard.Tensors;

namespace Switchyard.Tests.Language.HuggingFace;

public sealed class HuggingFaceExportTests : IDisposable
{
    private static readonly DecoderOptions Small = new() { Context = 8, Layers = 2, Width = 16, Heads = 4, Hidden = 8, Experts = 4, InitialDeviation = 0.3 };

    private static readonly Dictionary<string, DecoderOptions> Expressible = new()
    {
        ["experts"] = Small,
        ["grouped heads"] = Small with { KeyValueHeads = 2 },
        ["clipped"] = Small with { ClipQkv = 0.4 },
        ["tied embeddings"] = Small with { TieEmbeddings = true },
        ["weights not renormalised"] = Small with { Routing = new TopKOptions { Renormalise = Renormalisation.None } },
        ["softmax over the chosen"] = Small with { Routing = new TopKOptions { Weights = CombineWeights.SoftmaxOverChosen, Renormalise = Renormalisation.None } },
        ["capacity in training only"] = Small with { Routing = new TopKOptions { CapacityFactor = 1 } },
        ["switch gate"] = Small with { Routing = new SwitchOptions() },
        ["dense"] = Small with { Experts = 0, QueryKeyNorm = false },
        ["dense with a head width"] = Small with { Experts = 0, QueryKeyNorm = false, HeadWidth = 6, DenseHidden = 20 },
    };

    private static readonly Dictionary<string, (DecoderOptions Options, string Named)> Inexpressible = new()
    {
        ["experts in every other layer"] = (Small with { MixtureEvery = 2 }, "one layer of 2"),
        ["a shared expert"] = (Small with { SharedHidden = 4 }, "shared expert"),
        ["a head width"] = (Small with { HeadWidth = 6 }, "head width of 6"),
        ["a capacity in evaluation"] = (Small with { Routing = new TopKOptions { EvaluationCapacityFactor = 2 } }, "capacity"),
        ["dense with q/k norm"] = (Small with { Experts = 0 }, "q/k norm"),
        ["dense and clipped"] = (Small with { Experts = 0, QueryKeyNorm = false, ClipQkv = 1 }, "clipped"),
    };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> ExpressibleNames => [.. Expressible.Keys];

    public static TheoryData<string> InexpressibleNames => [.. Inexpressible.Keys];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(ExpressibleNames))]
    public void What_is_exported_and_loaded_gives_the_same_logits(string name)
    {
        using DecoderModel model = new(Expressible[name], new Philox(3));
        HuggingFaceCheckpoint.Export(model, new ByteTokenizer(), _folder.Path);
        using DecoderModel loaded = HuggingFaceCheckpoint.Load(_folder.Path);
        model.Train(false);
        loaded.Train(false);
        using TensorScope scope = new();
        Tensor ids = Tensor.From([.. Enumerable.Range(0, 16).Select(static i => i * 37 % 256)], [2, 8]);
        float[] expected = model.Forward(ids).Logits.ToArray<float>(), actual = loaded.Forward(ids).Logits.ToArray<float>();
        if (model.Options.Routing is TopKOptions { Weights: CombineWeights.Score }) Assert.Equal(expected, actual);
        // A softmax over the chosen becomes one over all, divided by the sum of the chosen: the same number but for rounding.
        else for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-6f);
        Assert.Equal(model.ParameterCount, loaded.ParameterCount);
    }

    [Theory]
    [MemberData(nameof(InexpressibleNames))]
    public void What_cannot_be_expressed_is_refused_in_one_line_and_nothing_is_written(string name)
    {
        (DecoderOptions options, string named) = Inexpressible[name];
        using DecoderModel model = new(options, new Philox(3));
        string folder = Path.Combine(_folder.Path, "exported");
        SwitchyardException refusal = Assert.Throws<SwitchyardException>(() => HuggingFaceCheckpoint.Export(model, new ByteTokenizer(), folder));
        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.NotNull(refusal.Hint);
        Assert.False(Directory.Exists(folder));
    }
}

using System.Text.Json.Nodes;
using Switchyard.Experts.Gates;
using Switchyard.Language;
using Switchyard.Language.HuggingFace;
using Switchyard.Language.Recurrent;
using Switchyard.Language.Runs;
using Switchyard.Language.Tokenizers;
using Switchyard.Language.Transformer;
using Switchyard.Tensors;

namespace Switchyard.Tests.Language.Recurrent;

public sealed class LstmMoeTests
{
    private static readonly LstmMoeOptions Small = new() { Vocabulary = 11, Context = 12, Width = 6, Hidden = 5, Experts = 4, Dropout = 0, Routing = new TopKOptions { TopK = 2 } };

    private static readonly int[] Ids = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3];

    [Theory]
    [InlineData(4)]
    [InlineData(0)]
    public void Reading_piece_by_piece_is_reading_at_once_and_clearing_is_beginning_again(int experts)
    {
        using TensorScope scope = new();
        using LstmMoe model = (Small with { Experts = experts }).Make(new Philox(1));
        model.Train(false);
        using Gradients.Pause pause = Gradients.Paused();
        float[] whole = model.Forward(Tensor.From(Ids, [1, Ids.Length])).Logits.ToArray<float>();
        using SequenceState state = model.NewState();
        for (int time = 0; time < 2; time++)
        {
            List<float> parts = [];
            foreach (Range part in (Range[])[(..4), 4..5, 5..6, (6..)])
            {
                using TensorScope inner = new();
                parts.AddRange(model.Forward(Tensor.From(Ids[part], [1, Ids[part].Length]), null, state).Logits.ToArray<float>());
            }
            Assert.Equal((Ids.Length, Ids[^1]), (state.Length, state.LastId));
            Assert.Equal(whole.Length, parts.Count);
            for (int i = 0; i < whole.Length; i++) Assert.Equal(whole[i], parts[i], 2e-5f);
            state.Clear();
        }
    }

    [Fact]
    public void No_token_sees_a_later_one()
    {
        using TensorScope scope = new();
        using LstmMoe model = Small.Make(new Philox(1));
        model.Train(false);
        int vocabulary = Small.Vocabulary;
        float[] before = model.Forward(Tensor.From(Ids, [1, Ids.Length])).Logits.ToArray<float>();
        for (int changed = 1; changed < Ids.Length; changed++)
        {
            int[] other = [.. Ids];
            other[changed] = (other[changed] + 1) % vocabulary;
            float[] after = model.Forward(Tensor.From(other, [1, other.Length])).Logits.ToArray<float>();
            Assert.Equal(before[..(changed * vocabulary)], after[..(changed * vocabulary)]);
            Assert.NotEqual(before[(changed * vocabulary)..], after[(changed * vocabulary)..]);
        }
    }

    /// <summary>Flat, with one gate, and hierarchical, with a gate in every group.</summary>
    [Theory]
    [InlineData("top-k", 3)]
    [InlineData("noisy-top-k", 3)]
    [InlineData("hierarchical", 4)]
    public void Every_parameter_has_the_gradient_that_differences_show(string gate, int experts)
    {
        using TensorScope scope = new();
        GateOptions routing = GateCatalogue.Find(gate).Defaults is HierarchicalOptions hierarchical ? hierarchical with { Groups = 2, TopK = 1 } : GateCatalogue.Find(gate).Defaults;
        // A seed for which no ReLU is close to its kink.
        using LstmMoe model = (Small with { Vocabulary = 3, Width = 2, Hidden = 2, Experts = experts, Routing = routing }).Make(new Philox(5));
        // Noisy gates begin undecided: far enough apart that differences flip no choice.
        using (Gradients.Paused())
            foreach ((string name, Tensor tensor) in model.Parameters())
                if (name.StartsWith("mixture.gate", StringComparison.Ordinal)) tensor.CopyFrom(Tensor.Normal(tensor.Shape, 0, 3, new Philox(7)));
        model.To(ElementType.Float64);
        Tensor ids = Tensor.From([0, 2, 1, 2], [2, 2]);
        GradientCheck.RequireOfLeaves(
            () =>
            {
                LanguageModelOutput output = model.Forward(ids);
                return output.Logits.LogSumExp().Sum() + output.RoutingLoss()!;
            },
            1e-6,
            [.. model.Parameters().Select(static parameter => parameter.Tensor)]);
    }

    [Fact]
    public void Active_parameters_and_operations_count_the_experts_of_a_token_only()
    {
        using LstmMoe model = Small.Make(new Philox(1));
        int width = Small.Width, vocabulary = Small.Vocabulary, lstm = 4 * width * (2 * width + 1), expert = 2 * width * Small.Hidden, shared = vocabulary * width + 2 * lstm + 4 * width + (width + 1) * vocabulary;
        Assert.Equal(shared + 4 * expert, model.ParameterCount);
        Assert.Equal(shared + 2 * expert, model.ActiveParameterCount);
        Assert.Equal(6.0 * (shared + 2 * expert - vocabulary * width), model.TrainingFlopsPerToken);
    }

    [Fact]
    public void A_run_writes_and_reads_its_architecture_and_refuses_what_belongs_to_another()
    {
        LanguageRunOptions options = LanguageRunJson.Change(new LanguageRunOptions(), JsonNode.Parse("""{"model": {"architecture": "lstm-moe", "experts": 32}}""")!.AsObject(), "test");
        LstmMoeOptions model = Assert.IsType<LstmMoeOptions>(options.Model);
        Assert.Equal((32, 128), (model.Experts, model.Width));
        JsonObject written = LanguageRunJson.Write(options);
        Assert.Equal(written.ToJsonString(), LanguageRunJson.Write(LanguageRunJson.Change(new LanguageRunOptions(), written, "test")).ToJsonString());

        Assert.Throws<ArgumentException>(() => LanguageRunJson.Change(options, JsonNode.Parse("""{"model": {"architecture": "gru"}}""")!.AsObject(), "test"));
        Assert.Throws<SwitchyardException>(() => LanguageRunJson.Change(options, JsonNode.Parse("""{"model": {"heads": 4}}""")!.AsObject(), "test"));
        Assert.IsType<DecoderOptions>(LanguageRunJson.Change(options, JsonNode.Parse("""{"model": {"architecture": "decoder", "heads": 2}}""")!.AsObject(), "test").Model);
    }

    [Fact]
    public void A_run_may_be_hierarchical()
    {
        LanguageRunOptions options = LanguageRunJson.Change(
            new LanguageRunOptions(), JsonNode.Parse("""{"model": {"architecture": "lstm-moe", "gate": "hierarchical", "experts": 64, "routing": {"groups": 16, "top_k": 2}}}""")!.AsObject(), "test");
        using LstmMoe model = Assert.IsType<LstmMoe>(options.Model.Make(new Philox(1)));
        int width = options.Model.Width, expert = 2 * width * options.Model.Hidden;
        Assert.Equal(60 * expert, model.ParameterCount - model.ActiveParameterCount);
        using TensorScope scope = new();
        LanguageModelOutput output = model.Forward(Tensor.From(Ids, [1, Ids.Length]), new Philox(2));
        Assert.Equal(["importance", "load"], output.Routings.Single().Losses.Select(static loss => loss.Name));
        Assert.Equal(4 * Ids.Length, output.Routings.Single().Statistics.Pairs);
        int[] groups = [.. output.Routings.Single().Choices!.ToArray<int>().Select(static expert => expert / 4)];
        Assert.All(groups.Chunk(4), static token => Assert.Equal(2, token.Distinct().Count()));
    }

    [Fact]
    public void Hugging_Face_has_no_such_model()
    {
        using TemporaryFolder folder = new();
        using LstmMoe model = Small.Make(new Philox(1));
        SwitchyardException refusal = Assert.Throws<SwitchyardException>(() => HuggingFaceCheckpoint.Export(model, new ByteTokenizer(), folder.Path));
        Assert.Contains("lstm-moe", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }
}

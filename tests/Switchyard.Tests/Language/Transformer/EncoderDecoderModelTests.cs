using Switchyard.Experts.Gates;
using Switchyard.Language;
using Switchyard.Language.Transformer;
using Switchyard.Language.Translation;
using Switchyard.Tensors;

namespace Switchyard.Tests.Language.Transformer;

public sealed class EncoderDecoderModelTests
{
    private const int Vocabulary = 19;

    private static readonly EncoderDecoderOptions Small = new()
    {
        Vocabulary = Vocabulary,
        Context = 12,
        Layers = 2,
        DecoderLayers = 3,
        Width = 16,
        Heads = 4,
        KeyValueHeads = 2,
        Hidden = 8,
        Experts = 4,
        MixtureEvery = 2,
        DecoderMixtureEvery = 1,
        InitialDeviation = 0.3,
    };

    private static readonly TranslationMarks Marks = new(0, 1, 2);

    public static TheoryData<string> Gates => ["top-k", "switch", "hash", "stable", "base", "dense-to-sparse"];

    [Fact]
    public void Encoder_and_decoder_have_experts_where_their_own_setting_says()
    {
        Assert.Equal([1, 2, 3, 4], Small.MixtureLayers);
        Assert.Equal([1], (Small with { DecoderMixtureEvery = 0 }).MixtureLayers);
        Assert.Equal([1, 3], (Small with { DecoderMixtureEvery = null }).MixtureLayers);
        Assert.Equal("encoder-decoder of 2 + 3 layers, width 16, 4 heads over 2; top-k 2 of 4 experts in one encoder layer of 2 and one decoder layer of 1, inner width 8; vocabulary 19, context 12", Small.Describe());
    }

    [Theory]
    [MemberData(nameof(Gates))]
    public void A_batch_with_padding_gives_each_pair_what_it_gets_alone(string gate)
    {
        using EncoderDecoderModel model = (Small with { Routing = GateCatalogue.Find(gate).Defaults }).Make(new Philox(3));
        model.Train(false);
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        TokenPair[] pairs = [new([5, 6, 7], [8, 9]), new([10], [11, 12, 13, 14]), new([15, 16, 17, 18, 5, 6], [7])];
        PairBatch together = new(pairs, Marks);
        float[] all = Logits(model, together);
        int length = together.Inputs.Shape[1];
        for (int i = 0; i < pairs.Length; i++)
        {
            float[] alone = Logits(model, new PairBatch([pairs[i]], Marks)), inBatch = all[(i * length * Vocabulary)..][..alone.Length];
            for (int number = 0; number < alone.Length; number++) Assert.Equal(alone[number], inBatch[number], 5e-5f);
        }
    }

    [Fact]
    public void Token_by_token_with_caches_is_a_whole_pass_for_translations_that_grow_side_by_side()
    {
        using EncoderDecoderModel model = Small.Make(new Philox(4));
        model.Train(false);
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        EncodedSource source = model.Encode(Tensor.From([5, 6, 7, 2], [1, 4]));
        using TranslationState state = model.NewState(sequences: 3);
        model.Decode(source, Tensor.From([1], [1, 1]), state: state);
        state.Select([0, 0, 0]);
        model.Decode(source, Tensor.From([8, 9, 10], [3, 1]), state: state);
        state.Select([2, 0]); // the second translation ends here, the third comes first
        float[] stepwise = model.Decode(source, Tensor.From([11, 12], [2, 1]), state: state).Logits.ToArray<float>();
        int[][] grown = [[1, 10, 11], [1, 8, 12]];
        for (int i = 0; i < grown.Length; i++)
        {
            float[] whole = model.Decode(source, Tensor.From(grown[i], [1, 3])).Logits.ToArray<float>()[(2 * Vocabulary)..];
            for (int token = 0; token < Vocabulary; token++) Assert.Equal(whole[token], stepwise[i * Vocabulary + token], 5e-5f);
        }
    }

    [Fact]
    public void What_comes_later_in_the_target_changes_nothing_before_and_the_source_changes_everything()
    {
        using EncoderDecoderModel model = Small.Make(new Philox(5));
        model.Train(false);
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        float[] Of(int[] source, int[] target) => model.Decode(model.Encode(Tensor.From(source, [1, source.Length])), Tensor.From(target, [1, target.Length])).Logits.ToArray<float>();
        float[] first = Of([5, 6, 2], [1, 8, 9]), laterToken = Of([5, 6, 2], [1, 8, 10]), otherSource = Of([6, 5, 2], [1, 8, 9]);
        Assert.Equal(first[..(2 * Vocabulary)], laterToken[..(2 * Vocabulary)]);
        for (int place = 0; place < 3; place++) Assert.NotEqual(first[(place * Vocabulary)..][..Vocabulary], otherSource[(place * Vocabulary)..][..Vocabulary]);
    }

    [Fact]
    public void Every_parameter_has_the_gradient_that_differences_show()
    {
        using TensorScope scope = new();
        EncoderDecoderOptions tiny = new() { Vocabulary = 4, Context = 6, Layers = 1, Width = 2, Heads = 1, Hidden = 2, Experts = 2, InitialDeviation = 0.5, NormEpsilon = 0.1 };
        using EncoderDecoderModel model = tiny.Make(new Philox(6));
        model.To(ElementType.Float64);
        PairBatch batch = new([new([3], [2, 3]), new([2, 3], [3])], new(0, 1, 2));
        GradientCheck.RequireOfLeaves(
            () =>
            {
                LanguageModelOutput output = model.Decode(model.Encode(batch.Source, batch.SourceMask), batch.Inputs, batch.InputMask);
                return Tensor.CrossEntropy(output.Logits.Reshape([(int)batch.Targets.Elements, 4]), batch.Targets, labelSmoothing: 0.1) + output.RoutingLoss()!;
            },
            1e-6,
            [.. model.Parameters().Select(static parameter => parameter.Tensor)]);
    }

    private static float[] Logits(EncoderDecoderModel model, PairBatch batch) =>
        model.Decode(model.Encode(batch.Source, batch.SourceMask), batch.Inputs, batch.InputMask).Logits.ToArray<float>();
}

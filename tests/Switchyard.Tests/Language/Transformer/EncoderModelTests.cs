using Switchyard.Experts.Gates;
using Switchyard.Language;
using Switchyard.Language.Transformer;
using Switchyard.Tensors;

namespace Switchyard.Tests.Language.Transformer;

public sealed class EncoderModelTests
{
    private static readonly EncoderOptions Small = new()
    {
        Vocabulary = 23,
        Context = 12,
        Layers = 2,
        Width = 16,
        Heads = 4,
        Hidden = 8,
        Experts = 4,
        InitialDeviation = 0.3,
    };

    public static TheoryData<string> Gates => ["top-k", "switch", "hash", "stable", "base", "dense-to-sparse", "soft-moe", "expert-choice"];

    [Fact]
    public void Every_place_sees_every_other()
    {
        using EncoderModel model = Small.Make(new Philox(1));
        model.Train(false);
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        int[] ids = [3, 1, 4, 1, 5, 9];
        float[] before = model.Forward(Tensor.From(ids, [1, 6])).Logits.ToArray<float>();
        foreach (int changed in (int[])[0, 5])
        {
            int[] other = [.. ids];
            other[changed] = 7;
            float[] after = model.Forward(Tensor.From(other, [1, 6])).Logits.ToArray<float>();
            for (int place = 0; place < 6; place++) Assert.NotEqual(before.AsSpan(place * 23, 23).ToArray(), after.AsSpan(place * 23, 23).ToArray());
        }
    }

    [Fact]
    public void Scoring_some_places_is_scoring_all_and_taking_those()
    {
        using EncoderModel model = Small.Make(new Philox(1));
        model.Train(false);
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        Tensor ids = Tensor.From([3, 1, 4, 1, 5, 9, 2, 6], [2, 4]);
        float[] all = model.Forward(ids).Logits.ToArray<float>(), some = model.Forward(ids, places: Tensor.From([1, 6], [2])).Logits.ToArray<float>();
        Near([.. all.AsSpan(23, 23), .. all.AsSpan(6 * 23, 23)], some);
    }

    [Theory]
    [MemberData(nameof(Gates))]
    public void Padding_changes_nothing(string gate)
    {
        using EncoderModel model = (Small with { Routing = GateCatalogue.Find(gate).Defaults }).Make(new Philox(2));
        model.Train(false);
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        int[] ids = [3, 1, 4, 1, 5];
        float[] alone = model.Forward(Tensor.From(ids, [1, 5])).Logits.ToArray<float>();
        LanguageModelOutput padded = model.Forward(Tensor.From([.. ids, 8, 8, 8], [1, 8]), mask: Tensor.From([1, 1, 1, 1, 1, 0, 0, 0], [1, 8]));
        Near(alone, padded.Logits.ToArray<float>()[..alone.Length]);
        if (gate != "soft-moe") Assert.All(padded.Routings, static routing => Assert.Equal([-1, -1, -1], routing.MainExperts()[5..]));
    }

    [Fact]
    public void Every_parameter_has_the_gradient_that_differences_show()
    {
        using EncoderModel model = (Small with { Vocabulary = 3, Width = 2, Heads = 1, Hidden = 2, Experts = 2, Layers = 1, NormEpsilon = 0.1 }).Make(new Philox(5));
        model.To(ElementType.Float64);
        using TensorScope scope = new();
        Tensor ids = Tensor.From([0, 1, 2, 1], [1, 4]), places = Tensor.From([1, 3], [2]), targets = Tensor.From([2, 0], [2]);
        GradientCheck.RequireOfLeaves(
            () =>
            {
                LanguageModelOutput output = model.Forward(ids, places: places);
                return Tensor.CrossEntropy(output.Logits, targets) + output.RoutingLoss()!;
            },
            1e-6,
            [.. model.Parameters().Select(static parameter => parameter.Tensor)]);
    }

    private static void Near(float[] expected, float[] got)
    {
        Assert.Equal(expected.Length, got.Length);
        for (int i = 0; i < got.Length; i++) Assert.Equal(expected[i], got[i], 2e-5f);
    }
}

using Switchyard.Experts.Gates;
using Switchyard.Language;
using Switchyard.Language.Recurrent;
using Switchyard.Language.Transformer;
using Switchyard.Tensors;
using Switchyard.Tensors.Memory;

namespace Switchyard.Tests.Language.Runs;

/// <summary>A model that computes its experts once more in the backward pass learns the same, in less memory.</summary>
[Collection(nameof(MemoryPool))]
public sealed class RecomputationTests
{
    private const int Batch = 4, Context = 64;

    public static TheoryData<string> Architectures => [.. Models.Keys];

    private static Dictionary<string, LanguageModelOptions> Models { get; } = new()
    {
        [DecoderOptions.Name] = new DecoderOptions
        {
            Layers = 6,
            Width = 32,
            Heads = 4,
            Hidden = 128,
            Experts = 8,
            Context = Context,
            SharedHidden = 16,
            SharedMix = true,
            Dropout = 0.1,
            Routing = new TopKOptions(),
        },
        [LstmMoeOptions.Name] = new LstmMoeOptions { Width = 32, Hidden = 64, Experts = 8, Context = Context, Dropout = 0.1, Routing = new NoisyTopKOptions { TopK = 4 } },
    };

    [Theory]
    [MemberData(nameof(Architectures))]
    public void It_learns_the_same_bits_in_less_memory(string architecture)
    {
        (float[][] kept, long keeping) = Step(Models[architecture]);
        (float[][] computed, long computing) = Step(Models[architecture] with { Recompute = true });
        Assert.Equal(kept.Length, computed.Length);
        for (int i = 0; i < kept.Length; i++) Assert.Equal(kept[i], computed[i]);
        TestContext.Current.TestOutputHelper?.WriteLine($"{architecture}: {keeping:N0} bytes at most, {computing:N0} when computed once more");
        // Of six mixture layers one at a time; of a single one nothing is won at the moment when it is computed once more.
        if (architecture == DecoderOptions.Name) Assert.InRange(computing, 1, (long)(keeping * 0.7));
    }

    private static (float[][] Gradients, long MostBytes) Step(LanguageModelOptions options)
    {
        using CausalModel model = (CausalModel)options.Make(new Philox(1));
        using TensorScope scope = new();
        Tensor ids = Tensor.From([.. Enumerable.Range(0, Batch * Context).Select(i => i * 31 % options.Vocabulary)], [Batch, Context]);
        MemoryPool.ForgetMost();
        long before = MemoryPool.MostBytesInUse;
        LanguageModelOutput output = model.Forward(ids, new Philox(3));
        (Tensor.CrossEntropy(output.Logits.Reshape([Batch * Context, options.Vocabulary]), ids.Reshape([Batch * Context])) + output.RoutingLoss()!).Backward();
        long most = MemoryPool.MostBytesInUse - before;
        return ([.. model.Parameters().Select(static parameter => parameter.Tensor.Gradient!.ToArray<float>())], most);
    }
}

using Switchyard.Tensors;
using Switchyard.Tensors.Memory;

namespace Switchyard.Tests.Tensors;

/// <summary>Tests that count the bytes of the process: nothing else runs beside them.</summary>
[CollectionDefinition(nameof(MemoryPool), DisableParallelization = true)]
public class MemoryPoolCollection;

[Collection(nameof(MemoryPool))]
public class TensorScopeTests
{
    [Fact]
    public void ASteadyLoopKeepsNoMemory()
    {
        using Tensor weight = Tensor.Uniform([16, 16], -1, 1, new Philox(1)).Release();
        weight.RequiresGradient = true;
        long start = 0;
        for (int step = 0; step < 4; step++)
        {
            using (TensorScope scope = new())
            {
                Tensor loss = ((weight * weight).Sum([0]).Exp() + weight.Slice(0, 2, 5).Sum([0])).Mean();
                loss.Backward();
            }
            weight.Gradient!.Dispose();
            weight.Gradient = null;
            if (step == 0) start = MemoryPool.BytesInUse;
            else Assert.Equal(start, MemoryPool.BytesInUse);
        }
    }

    [Fact]
    public void GivesBackWhatWasNotKept()
    {
        long before = MemoryPool.BytesInUse;
        Tensor kept;
        using (TensorScope outer = new())
        {
            using (TensorScope inner = new())
            {
                Tensor lost = Tensor.Zeros([100]);
                kept = inner.Keep(lost + 1);
            }
            Assert.False(kept.IsDisposed);
            outer.Keep(kept);
        }
        Assert.Equal(1, kept.ToArray<float>()[99]);
        kept.Dispose();
        Assert.Equal(before, MemoryPool.BytesInUse);
    }

    [Fact]
    public void AViewKeepsTheMemoryOfItsOrigin()
    {
        using Tensor origin = Tensor.From([1f, 2, 3, 4], [2, 2]);
        Tensor row = origin.Slice(0, 1);
        origin.Dispose();
        Assert.Equal([3f, 4], row.ToArray<float>());
        row.Dispose();
    }

    [Fact]
    public void UseAfterTheEndSaysWhatToDo()
    {
        Tensor tensor;
        using (new TensorScope()) tensor = Tensor.Zeros([2, 3]);
        ObjectDisposedException failure = Assert.Throws<ObjectDisposedException>(() => tensor + 1);
        Assert.Contains("Float32[2, 3]", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Keep()", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnOuterScopeCannotEndFirst()
    {
        TensorScope outer = new(), inner = new();
        Assert.Throws<InvalidOperationException>(outer.Dispose);
        inner.Dispose();
        outer.Dispose();
        Assert.Null(TensorScope.Current);
    }
}

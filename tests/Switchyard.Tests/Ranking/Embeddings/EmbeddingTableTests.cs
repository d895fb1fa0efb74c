using Switchyard.Modules.Optimisers;
using Switchyard.Ranking.Embeddings;
using Switchyard.Tensors;

namespace Switchyard.Tests.Ranking.Embeddings;

public sealed class EmbeddingTableTests
{
    private static readonly int[] Ids = [7, 2, 7, 0, 2, 7];

    [Fact]
    public void An_id_that_occurs_again_is_gathered_once()
    {
        (int[] unique, int[] places) = EmbeddingTable.Distinct(Ids);
        Assert.Equal([7, 2, 0], unique);
        Assert.Equal(Ids, places.Select(place => unique[place]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Only_touched_rows_change(bool isAdam)
    {
        using TensorScope scope = new();
        using EmbeddingTable table = new(10, 3, new Philox(1));
        using TableOptimiser optimiser = isAdam ? new RowWiseAdam([("t", table)]) : new RowWiseAdagrad([("t", table)]);
        float[] before = table.Weight.ToArray<float>();
        Step(table, optimiser, Ids);
        float[] after = table.Weight.ToArray<float>();
        for (int row = 0; row < 10; row++)
            Assert.Equal(Ids.Contains(row), !before.AsSpan(row * 3, 3).SequenceEqual(after.AsSpan(row * 3, 3)));
        Assert.Null(table.Touched);
    }

    [Fact]
    public void The_gradient_of_a_row_is_the_sum_over_its_places()
    {
        using TensorScope scope = new();
        using EmbeddingTable table = new(10, 2, new Philox(1));
        Tensor scale = Tensor.From([1f, 2f, 3f, 4f, 5f, 6f], [6, 1]);
        (table.Forward(Ids) * scale).Sum().Backward();
        Assert.Equal([10f, 10f, 7f, 7f, 4f, 4f], table.Touched!.Value.Rows.Gradient!.ToArray<float>());
        table.Forget();
    }

    [Fact]
    public void Row_wise_adam_is_adam_with_the_mean_square_of_a_row()
    {
        using TensorScope scope = new();
        using EmbeddingTable table = new(4, 2, new Philox(1));
        using RowWiseAdam optimiser = new([("t", table)]);
        double[] row = Array.ConvertAll(table.Weight.ToArray<float>().AsSpan(2, 2).ToArray(), static x => (double)x), mean = [0, 0];
        double square = 0;
        float[][] gradients = [[1, -2], [0.5f, 3], [-1, 0.25f]];
        for (int step = 1; step <= gradients.Length; step++)
        {
            (table.Forward([1]) * Tensor.From(gradients[step - 1], [1, 2])).Sum().Backward();
            optimiser.Step(0.1);
            optimiser.ClearGradients();
            square = 0.999 * square + 0.001 * gradients[step - 1].Average(static g => (double)g * g);
            for (int i = 0; i < 2; i++)
            {
                mean[i] = 0.9 * mean[i] + 0.1 * gradients[step - 1][i];
                row[i] -= 0.1 * mean[i] / (1 - Math.Pow(0.9, step)) / (Math.Sqrt(square / (1 - Math.Pow(0.999, step))) + 1e-8);
            }
        }
        for (int i = 0; i < 2; i++) Assert.Equal(row[i], table.Weight.ToArray<float>()[2 + i], 1e-5);
    }

    [Fact]
    public void A_table_read_twice_in_a_step_is_refused()
    {
        using EmbeddingTable table = new(4, 2, new Philox(1));
        using Tensor first = table.Forward([1]);
        Assert.Throws<InvalidOperationException>(() => table.Forward([2]));
        table.Forget();
    }

    [Fact]
    public void The_state_of_a_group_can_be_saved_and_read_again()
    {
        using TensorScope scope = new();
        using EmbeddingTable table = new(10, 3, new Philox(1)), other = new(10, 3, new Philox(1));
        using OptimiserGroup first = new([("tables", new RowWiseAdam([("t", table)]))]), second = new([("tables", new RowWiseAdam([("t", other)]))]);
        for (int i = 0; i < 3; i++) Step(table, first, Ids);
        other.Weight.CopyFrom(table.Weight);
        Dictionary<string, Tensor> saved = first.State.ToDictionary(static state => state.Name, static state => state.Tensor);
        second.Load(saved.GetValueOrDefault);
        Step(table, first, [1, 2]);
        Step(other, second, [1, 2]);
        Assert.Equal(table.Weight.ToArray<float>(), other.Weight.ToArray<float>());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Only_touched_rows_decay(bool isAdam)
    {
        using TensorScope scope = new();
        using EmbeddingTable plain = new(3, 2, new Philox(1)), shrunk = new(3, 2, new Philox(1));
        using TableOptimiser first = isAdam ? new RowWiseAdam([("t", plain)]) : new RowWiseAdagrad([("t", plain)]);
        using TableOptimiser second = isAdam ? new RowWiseAdam([("t", shrunk)]) { Decay = 0.5 } : new RowWiseAdagrad([("t", shrunk)]) { Decay = 0.5 };
        float[] before = plain.Weight.ToArray<float>();
        Step(plain, first, [1]);
        Step(shrunk, second, [1]);
        float[] without = plain.Weight.ToArray<float>(), with = shrunk.Weight.ToArray<float>();
        // A rate of 0.1 times 0.5 takes a twentieth of what stood there.
        for (int i = 0; i < before.Length; i++) Assert.Equal(i / 2 == 1 ? without[i] - 0.05f * before[i] : before[i], with[i], 1e-6f);
    }

    private static void Step(EmbeddingTable table, Optimiser optimiser, int[] ids)
    {
        table.Forward(ids).Square().Sum().Backward();
        optimiser.Step(0.1);
        optimiser.ClearGradients();
    }
}

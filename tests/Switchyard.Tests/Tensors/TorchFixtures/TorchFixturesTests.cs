using System.Text.Json;
using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>
/// Walks every case of the manifest in both precisions: outputs, gradients, and gradients of gradients. A case whose
/// operation is in no table is skipped by name.
/// </summary>
[Trait("Category", "Fixtures")]
public class TorchFixturesTests
{
    private static readonly Dictionary<string, TorchOperation> Operations = Merge(
        ElementwiseCases.Table,
        ReduceCases.Table,
        IndexCases.Table,
        MatMulCases.Table,
        SoftmaxCases.Table,
        NormCases.Table,
        AttentionCases.Table,
        LossCases.Table,
        SecondOrderCases.Table,
        MoeCases.Table,
        RecurrentCases.Table,
        OptimiserCases.Table,
        ScheduleCases.Table,
        ConversionCases.Table,
        InitCases.Table,
        TrainingCases.Table);

    public static IEnumerable<TheoryDataRow<string, ElementType>> Cases()
    {
        if (TorchManifest.Cases.Count == 0)
        {
            yield return new("cases.json", ElementType.Float64) { Skip = $"no fixtures at {Path.Combine(Fixtures.Root, "torch")}" };
            yield break;
        }
        foreach ((string name, JsonElement source) in TorchManifest.Cases)
        {
            string op = source.GetProperty("op").GetString()!;
            foreach (ElementType type in (ElementType[])[ElementType.Float64, ElementType.Float32])
            {
                yield return new(name, type)
                {
                    TestDisplayName = $"torch/{name} {type}",
                    Skip = Operations.ContainsKey(op) ? RecurrentCases.Missing(op, source) : $"op {op} is not here yet",
                };
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void GivesWhatTorchGives(string name, ElementType type)
    {
        using TensorScope scope = new();
        TorchCase c = new(TorchManifest.Cases[name], type);
        TorchOutputs outputs = Operations[c.Op](c);
        TorchComparison comparison = new(c);
        Tensor? weighted = null;
        bool isFirst = true;
        foreach (JsonElement entry in c.Source.GetProperty("outputs").EnumerateArray())
        {
            string output = entry.GetProperty("name").GetString()!;
            Tensor got = outputs.Find(output, isFirst);
            isFirst = false;
            comparison.Check($"output {output}", got, entry);
            if (entry.GetProperty("upstream").GetString() is not { } upstream) continue;
            Tensor term = (got * c.Read(upstream)).Sum();
            weighted = weighted is null ? term : weighted + term;
        }
        if (weighted is not null) CheckGradients(c, weighted, comparison);
        comparison.Report();
    }

    private static void CheckGradients(TorchCase c, Tensor weighted, TorchComparison comparison)
    {
        JsonElement[] entries = [.. c.Source.GetProperty("gradients").EnumerateArray()];
        if (entries.Length == 0) return;
        Tensor[] leaves = [.. entries.Select(entry => c[entry.GetProperty("name").GetString()!])];
        JsonElement second = c.Source.GetProperty("second_order");
        bool hasSecond = second.ValueKind == JsonValueKind.Array;
        Tensor[] gradients = Gradients.Of(weighted, leaves, createGraph: hasSecond);
        for (int i = 0; i < leaves.Length; i++) comparison.Check($"gradient of {entries[i].GetProperty("name")}", gradients[i], entries[i]);
        if (!hasSecond) return;

        JsonElement[] secondEntries = [.. second.EnumerateArray()];
        Tensor inDirection = Tensor.Scalar(0, c.Type);
        for (int i = 0; i < leaves.Length; i++) inDirection += (gradients[i] * c.Read(secondEntries[i].GetProperty("direction").GetString()!)).Sum();
        Tensor[] products = inDirection.RequiresGradient
            ? Gradients.Of(inDirection, leaves)
            : Array.ConvertAll(leaves, static leaf => Tensor.Zeros(leaf.Shape, leaf.Type));
        for (int i = 0; i < leaves.Length; i++) comparison.Check($"second order of {secondEntries[i].GetProperty("name")}", products[i], secondEntries[i]);
    }

    private static Dictionary<string, TorchOperation> Merge(params Dictionary<string, TorchOperation>[] tables)
        => tables.SelectMany(static table => table).ToDictionary(StringComparer.Ordinal);
}

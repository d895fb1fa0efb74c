using Switchyard.Tensors;

namespace Switchyard.Experts.Dispatch.Baselines;

/// <summary>
/// A loop over the experts, each of which selects its tokens by comparing every choice with its own number and works
/// on them with matrices of its own (as in Hugging Face's sparse layers). It is here to be measured and tested against.
/// </summary>
internal static class SelectionLoop
{
    /// <summary>Lets the experts answer.</summary>
    /// <param name="tokens">Hidden vectors [tokens, width].</param>
    /// <param name="routing">A routing by choices.</param>
    /// <param name="expert">Lets one expert work on its rows [rows, width].</param>
    /// <returns>[tokens, width]</returns>
    public static Tensor Forward(Tensor tokens, Routing routing, Func<int, Tensor, Tensor> expert)
    {
        int choices = routing.Choices!.Shape[1];
        int[] expertOf = routing.Choices.ToArray<int>();
        bool[] kept = new bool[expertOf.Length];
        foreach (int pair in routing.Pairs!.AsReadOnlySpan<int>()) kept[pair] = true;
        Tensor weights = PaddedBuffer.WeightsOfChoices(routing).Reshape([expertOf.Length]); // [tokens · choices]

        List<int> selected = [];
        Tensor[] answers = new Tensor[routing.Experts];
        for (int index = 0; index < answers.Length; index++)
        {
            int before = selected.Count;
            for (int choice = 0; choice < expertOf.Length; choice++)
                if (expertOf[choice] == index && kept[choice]) selected.Add(choice);
            int[] tokenOfRow = [.. selected.Skip(before).Select(choice => choice / choices)];
            answers[index] = expert(index, Tensor.GatherRows(tokens, Tensor.From(tokenOfRow, [tokenOfRow.Length])));
        }
        Tensor rows = Tensor.Concat(answers, 0); // [pairs, width]
        Tensor tokenOf = Tensor.From([.. selected.Select(choice => choice / choices)], [selected.Count]);
        return Tensor.ScatterAddRows(rows, tokenOf, routing.Tokens, weights.IndexSelect(0, Tensor.From([.. selected], [selected.Count])));
    }
}

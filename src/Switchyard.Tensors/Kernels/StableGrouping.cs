namespace Switchyard.Tensors.Kernels;

/// <summary>
/// A stable counting sort of small whole numbers: every part counts its own keys, an exclusive sum over (key, part) says
/// where each part's keys begin, and every part writes its own. The result does not depend on the parts.
/// </summary>
internal static unsafe class StableGrouping
{
    /// <summary>The positions of the keys, grouped by key, each group in rising order.</summary>
    /// <param name="keys">Int32 [n], below the number of groups; negative ones are left out.</param>
    /// <param name="offsets">Takes where each group begins, Int32 [groups + 1].</param>
    /// <returns>Int32 [positions that have a key].</returns>
    public static Tensor Run(Tensor keys, Tensor offsets)
    {
        offsets.MarkChanged();
        int groups = offsets.Shape[0] - 1;
        RowParts parts = RowParts.WithSums(keys.Elements, 1);
        using Workspace<int> places = new((long)Math.Max(1, parts.Count) * groups);
        new Span<int>(places.Pointer, parts.Count * groups).Clear();
        Operands operands = new() { Keys = (int*)keys.Address, Places = places.Pointer, Groups = groups, Parts = parts };
        WorkerPool.Run(parts.Count, &CountPart, &operands);

        Tensor order = Tensor.Empty([BeginEachPart((int*)offsets.Address, operands)], ElementType.Int32);
        operands.Order = (int*)order.Address;
        WorkerPool.Run(parts.Count, &WritePart, &operands);
        return order;
    }

    /// <summary>Turns the counts of the parts into the places where their keys begin.</summary>
    /// <returns>How many keys there are in all.</returns>
    private static int BeginEachPart(int* offsets, in Operands operands)
    {
        int sum = 0;
        for (int group = 0; group < operands.Groups; group++)
        {
            offsets[group] = sum;
            for (int part = 0; part < operands.Parts.Count; part++)
            {
                int* place = operands.Places + (long)part * operands.Groups + group;
                (*place, sum) = (sum, sum + *place);
            }
        }
        return offsets[operands.Groups] = sum;
    }

    private static void CountPart(void* state, int part)
    {
        Operands* o = (Operands*)state;
        int* counts = o->Places + (long)part * o->Groups;
        for (long i = o->Parts.Start(part); i < o->Parts.End(part); i++)
            if (o->Keys[i] >= 0) counts[o->Keys[i]]++;
    }

    private static void WritePart(void* state, int part)
    {
        Operands* o = (Operands*)state;
        int* next = o->Places + (long)part * o->Groups;
        for (long i = o->Parts.Start(part); i < o->Parts.End(part); i++)
            if (o->Keys[i] >= 0) o->Order[next[o->Keys[i]]++] = (int)i;
    }

    private struct Operands
    {
        public int* Keys;
        public int* Places;
        public int* Order;
        public int Groups;
        public RowParts Parts;
    }
}

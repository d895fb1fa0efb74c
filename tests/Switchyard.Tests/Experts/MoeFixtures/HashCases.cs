using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.MoeFixtures;

/// <summary>Tables of ids, and the gate that reads them.</summary>
internal static class HashCases
{
    public static readonly Dictionary<string, Action<MoeCase>> Table = new()
    {
        ["hash_table"] = Balanced,
        ["hash"] = static c =>
        {
            if (c.Has("output.expert.previous")) Places(c);
            else Routed(c);
        },
    };

    private static void Balanced(MoeCase c)
    {
        int[] frequency = c.Read("input.frequency").ToArray<int>();
        int[] table = HashTables.Balanced([.. frequency.Select(static count => (long)count)], c.Whole("experts"));
        c.Check("output.table", table);
        c.Check("output.load", Enumerable.Range(0, c.Whole("experts")).Select(expert => frequency.Where((_, id) => table[id] == expert).Sum()));
    }

    private static void Places(MoeCase c)
    {
        Tensor ids = c.Read("input.ids"); // [sequences, tokens]
        int sequences = ids.Shape[0], length = ids.Shape[1];
        int[] id = ids.ToArray<int>();
        RoutingContext context = new()
        {
            TokenIds = ids.Reshape([id.Length]),
            PreviousIds = Tensor.From([.. id.Select((own, i) => i % length == 0 ? own : id[i - 1])], [id.Length]),
            Positions = Tensor.From([.. id.Select((_, i) => i % length)], [id.Length]),
            Sequences = sequences,
        };
        foreach ((HashKind kind, string name) in ((HashKind, string)[])[(HashKind.PreviousToken, "previous"), (HashKind.Position, "position")])
        {
            using HashGate gate = Gate(c, new HashOptions { Hash = kind });
            c.Check($"output.expert.{name}", gate.Route(Tensor.Zeros([id.Length, 1]), context).Choices!);
        }
    }

    private static void Routed(MoeCase c)
    {
        Tensor x = c.Read("input.x"), ids = c.Read("input.ids");
        HashOptions options = TokenChoiceCases.SlotPolicy(c, new HashOptions { Hash = HashKind.Random }, ids.Shape[0]);
        using HashGate gate = Gate(c, options), dropless = Gate(c, options with { CapacityFactor = null });
        RoutingContext context = new() { TokenIds = ids };
        Routing routing = gate.Route(x, context);
        RoutingChecks.Check(c, routing, dropless.Route(x, context));
        Tensor answers = PlainBank.Of(c).Forward(routing.Gather(x), routing.Offsets);
        c.Check("output.y", routing.Combine(answers));
        c.PassOver("scalars.objective"); // nothing is learnt
    }

    private static HashGate Gate(MoeCase c, HashOptions options)
    {
        int[] table = c.Read("input.table").ToArray<int>();
        HashGate gate = new(table.Length, c.Whole("experts"), options, new Philox(0));
        gate.Set(0, table);
        return gate;
    }
}

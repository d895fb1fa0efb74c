using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives;

public abstract partial class ProcessGroup
{
    // Every rank knows that something is wrong, so all come here: they tell each other, and all say the same.
    private ProcessGroupException DifferentCalls(in Call call) =>
        new($"the ranks are not in the same call: {Ranks.Where(TellAll(call.ToString()))}");

    // What a rank sends and what its receiver expects differ. The counts are in bytes.
    private unsafe ProcessGroupException DifferentCounts(in Call call, nint[] sends, nint[] receives)
    {
        nint[] sent = new nint[Size];
        fixed (nint* from = sends, to = sent)
        {
            Region claims = new(from, (nint)Size * sizeof(nint)), come = new(to, (nint)Size * sizeof(nint));
            Move(
                Channel.Control,
                [.. Enumerable.Range(0, Size).Select(rank => new Transfer(rank, claims.Slice((nint)rank * sizeof(nint), sizeof(nint))))],
                [.. Enumerable.Range(0, Size).Select(rank => new Transfer(rank, come.Slice((nint)rank * sizeof(nint), sizeof(nint))))]);
        }

        string?[] wrong = TellAll(string.Join(", ", Enumerable.Range(0, Size)
            .Where(rank => sent[rank] != receives[rank])
            .Select(rank => $"rank {rank} sends {sent[rank]} bytes to rank {Rank}, which expects {receives[rank]}")));
        return new ProcessGroupException($"the counts do not fit together in {call}: {string.Join(", ", wrong.Where(text => text?.Length > 0))}");
    }

    private unsafe string[] TellAll(string text)
    {
        byte[] own = new byte[CallText.Bytes], all = new byte[CallText.Bytes * Size];
        CallText.Write(text, own);
        fixed (byte* from = own, to = all)
        {
            Region mine = new(from, own.Length), others = new(to, all.Length);
            Move(
                Channel.Control,
                [.. Enumerable.Range(0, Size).Select(rank => new Transfer(rank, mine))],
                [.. Enumerable.Range(0, Size).Select(rank => new Transfer(rank, others.Slice((nint)rank * CallText.Bytes, CallText.Bytes)))]);
        }

        return [.. Enumerable.Range(0, Size).Select(rank => CallText.Read(all.AsSpan(rank * CallText.Bytes, CallText.Bytes)))];
    }
}

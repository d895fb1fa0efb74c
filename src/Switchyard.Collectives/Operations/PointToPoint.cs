using System.Runtime.CompilerServices;
using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives;

public abstract partial class ProcessGroup
{
    /// <summary>Sends elements to one rank, which receives them; returns when it has them.</summary>
    /// <param name="data">The elements.</param>
    /// <param name="to">Who receives them: another rank.</param>
    /// <inheritdoc cref="Barrier"/>
    public unsafe void Send<T>(
        ReadOnlyLongSpan<T> data, int to, [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        using Use use = Meet(to, new Call(nameof(Send), typeof(T).Name, data.Length, $"to rank {to}", new(member, file, line)), $"{nameof(Receive)}(from rank {Rank})");
        fixed (T* pointer = data) Exchange(Channel.Pair, [new Transfer(to, new Region(pointer, data.Length * sizeof(T)))], []);
    }

    /// <summary>Receives the elements that one rank sends.</summary>
    /// <param name="data">Where they come, of the length that is sent.</param>
    /// <param name="from">Who sends them: another rank.</param>
    /// <inheritdoc cref="Barrier"/>
    public unsafe void Receive<T>(
        LongSpan<T> data, int from, [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        using Use use = Meet(from, new Call(nameof(Receive), typeof(T).Name, data.Length, $"from rank {from}", new(member, file, line)), $"{nameof(Send)}(to rank {Rank})");
        fixed (T* pointer = data) Exchange(Channel.Pair, [], [new Transfer(from, new Region(pointer, data.Length * sizeof(T)))]);
    }

    // The two tell each other what they are about to do, so that neither waits for what will never come.
    private unsafe Use Meet(int peer, in Call call, string expected)
    {
        CheckRank(peer);
        if (peer == Rank) throw new ArgumentException($"rank {Rank} cannot send to itself or receive from itself", nameof(peer));
        Use use = Take();
        try
        {
            Span<byte> mine = stackalloc byte[CallText.Bytes], theirs = stackalloc byte[CallText.Bytes];
            CallText.Write(call.ToString(), mine);
            fixed (byte* here = mine, there = theirs)
            {
                Announce(call);
                Move(Channel.Pair, [new Transfer(peer, new Region(here, mine.Length))], [new Transfer(peer, new Region(there, theirs.Length))]);
            }

            string other = CallText.Read(theirs);
            if (!other.StartsWith($"{expected}{call.Amount} at ", StringComparison.Ordinal))
                throw new ProcessGroupException($"ranks {Rank} and {peer} do not fit together: rank {Rank} is in {call}, rank {peer} in {other}");
            return use;
        }
        catch
        {
            use.Dispose();
            throw;
        }
    }
}

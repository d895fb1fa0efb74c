using System.Collections.Concurrent;
using Switchyard.Collectives;

namespace Switchyard.Experts.Ranks;

/// <summary>
/// Exchanges between ranks that go on beside the thread that asks for them, one after the other in the order in which they
/// were asked for: that order must be the same on every rank.
/// </summary>
public sealed class ExchangeQueue : IDisposable
{
    // What went wrong must be told before the others notice that this rank does not come.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ProcessGroup _ranks;
    private readonly Traffic _traffic; // of the thread that asks
    private readonly BlockingCollection<Task> _tasks = [];
    private readonly Thread _thread;

    /// <summary>Starts the thread. Every rank must call it.</summary>
    /// <param name="ranks">The ranks, which go on to be used beside the queue.</param>
    public ExchangeQueue(ProcessGroup ranks)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        (_ranks, _traffic) = (ranks.Duplicate(), ranks.Traffic);
        _thread = new Thread(Serve) { IsBackground = true, Name = $"exchange of rank {ranks.Rank}" };
        _thread.Start();
    }

    /// <summary>Asks for an exchange.</summary>
    /// <param name="exchange">What to do with the ranks.</param>
    /// <returns>Ends when it is done; for <see cref="Await"/>.</returns>
    public Task Add(Action<ProcessGroup> exchange)
    {
        Task task = new(() => exchange(_ranks));
        _tasks.Add(task);
        return task;
    }

    /// <summary>Waits until an exchange is done, which counts as time of moving data; throws what it threw.</summary>
    public void Await(Task exchange) => _traffic.Await(exchange);

    /// <summary>Lets what was asked for end, and ends the thread. It is left behind where other ranks do not come any more.</summary>
    public void Dispose()
    {
        _tasks.CompleteAdding();
        if (!_thread.Join(Patience)) return;
        _ranks.Dispose();
        _tasks.Dispose();
    }

    private void Serve()
    {
        foreach (Task task in _tasks.GetConsumingEnumerable()) task.RunSynchronously();
    }
}

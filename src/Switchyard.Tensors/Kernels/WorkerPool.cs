using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// The threads of the machine, shared by everything in the process that computes. Work comes as numbered parts;
/// which thread takes which part is left to chance, so a result may depend on the parts but never on the threads.
/// </summary>
public static class WorkerPool
{
    // An idle thread looks for work this long before it sleeps: longer than the gap between two kernels,
    // far shorter than a time slice of the operating system.
    private static readonly long Patience = Stopwatch.Frequency / 20_000; // 50 microseconds

    private const int Closed = 1 << 30;
    private const int CallerAsleep = 1 << 29;

    private static readonly List<Worker> Workers = [];
    private static readonly SemaphoreSlim Finished = new(0);
    private static int threads = Environment.ProcessorCount;
    private static int busy;

    // The job under way. A worker may read it only between Enter and Leave, which count into `gate`.
    private static unsafe delegate*<void*, int, void> body;
    private static unsafe void* state;
    private static int parts;
    private static int participants;
    private static int next;
    private static Exception? failure;
    private static int gate = Closed;
    private static int jobs;

    /// <summary>
    /// How many threads take part in a computation, the calling one included. The default is the number of
    /// processors that this process may use. Results are the same bits for every value.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below one.</exception>
    public static int Threads
    {
        get => Volatile.Read(ref threads);
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            Volatile.Write(ref threads, value);
        }
    }

    /// <summary>
    /// Runs <paramref name="body"/>(<paramref name="state"/>, part) once for every part from 0 to
    /// <paramref name="parts"/> - 1 and returns when all are done; the caller takes its share. While the pool is
    /// taken, by an outer call or by another thread, the parts run one after the other on the caller.
    /// The first exception of a body ends the run and is thrown here; parts not yet begun are left out.
    /// </summary>
    internal static unsafe void Run(int parts, delegate*<void*, int, void> body, void* state)
    {
        int threads = Math.Min(Threads, parts);
        if (threads <= 1 || Interlocked.CompareExchange(ref busy, 1, 0) != 0)
        {
            for (int part = 0; part < parts; part++) body(state, part);
            return;
        }

        Exception? thrown;
        try
        {
            WorkerPool.body = body;
            WorkerPool.state = state;
            WorkerPool.parts = parts;
            participants = threads - 1;
            next = 0;
            failure = null;
            while (Workers.Count < participants) Workers.Add(new Worker(Workers.Count));

            Volatile.Write(ref gate, 0);
            Interlocked.Increment(ref jobs);
            for (int i = 0; i < participants; i++) Workers[i].Wake();
            TakeParts();
            AwaitWorkers();
            thrown = failure;
            failure = null;
        }
        finally
        {
            Volatile.Write(ref busy, 0);
        }

        if (thrown is not null) ExceptionDispatchInfo.Throw(thrown);
    }

    /// <summary>
    /// How many parts to cut work into so that each is worth a hand-over: at least one.
    /// </summary>
    internal static int Parts(long work, long workPerPart) => (int)Math.Clamp(work / workPerPart, 1, 1 << 16);

    private static unsafe void TakeParts()
    {
        try
        {
            for (int part = Interlocked.Increment(ref next) - 1; part < parts; part = Interlocked.Increment(ref next) - 1)
            {
                body(state, part);
            }
        }
#pragma warning disable CA1031 // Whatever it is, it belongs to the caller of Run.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Interlocked.CompareExchange(ref failure, exception, null);
            Volatile.Write(ref next, parts);
        }
    }

    // No worker may begin from here on; those inside are awaited, those still asleep are not.
    private static void AwaitWorkers()
    {
        if (Interlocked.Or(ref gate, Closed) == 0) return;
        long start = Stopwatch.GetTimestamp();
        while (Volatile.Read(ref gate) != Closed)
        {
            if (Stopwatch.GetTimestamp() - start < Patience)
            {
                Thread.SpinWait(8);
                continue;
            }

            if (Interlocked.Or(ref gate, CallerAsleep) != Closed) Finished.Wait();
            Volatile.Write(ref gate, Closed);
        }
    }

    private static bool Enter()
    {
        int seen = Volatile.Read(ref gate);
        while ((seen & Closed) == 0)
        {
            int found = Interlocked.CompareExchange(ref gate, seen + 1, seen);
            if (found == seen) return true;
            seen = found;
        }

        return false;
    }

    private static void Leave()
    {
        if (Interlocked.Decrement(ref gate) == (Closed | CallerAsleep)) Finished.Release();
    }

#pragma warning disable CA1001 // A worker lives as long as the process.
    private sealed class Worker
#pragma warning restore CA1001
    {
        private readonly int index;
        private readonly SemaphoreSlim wake = new(0);
        private int asleep;

        internal Worker(int index)
        {
            this.index = index;
            new Thread(Serve) { IsBackground = true, Name = $"Switchyard worker {index + 1}" }.Start();
        }

        internal void Wake()
        {
            if (Volatile.Read(ref asleep) != 0 && Interlocked.Exchange(ref asleep, 0) != 0) wake.Release();
        }

        private void Serve()
        {
            for (int seen = 0; ;)
            {
                seen = AwaitJob(seen);
                if (!Enter()) continue;
                if (index < participants) TakeParts();
                Leave();
            }
        }

        private int AwaitJob(int seen)
        {
            long start = Stopwatch.GetTimestamp();
            while (Volatile.Read(ref jobs) == seen)
            {
                if (Stopwatch.GetTimestamp() - start < Patience)
                {
                    Thread.SpinWait(8);
                    continue;
                }

                Interlocked.Exchange(ref asleep, 1);
                // A job that came in between either saw `asleep` and sends a wake-up, or is seen here.
                if (Volatile.Read(ref jobs) == seen || Interlocked.Exchange(ref asleep, 0) == 0) wake.Wait();
            }

            return Volatile.Read(ref jobs);
        }
    }
}

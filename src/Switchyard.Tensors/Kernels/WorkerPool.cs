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
    private static int _threads = Environment.ProcessorCount;
    private static int _busy;

    // The job under way. A worker may read it only between Enter and Leave, which count into `_gate`.
    private static unsafe delegate*<void*, int, void> _body;
    private static unsafe void* _state;
    private static int _parts;
    private static int _participants;
    private static int _next;
    private static Exception? _failure;
    private static int _gate = Closed;
    private static int _jobs;

    /// <summary>
    /// How many threads take part in a computation, the calling one included. The default is the number of
    /// processors that this process may use, by its affinity and by the quota of its control group. Results are the same bits for every value.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below one.</exception>
    public static int Threads
    {
        get => Volatile.Read(ref _threads);
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            Volatile.Write(ref _threads, value);
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
        if (threads <= 1 || Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            for (int part = 0; part < parts; part++) body(state, part);
            return;
        }

        Exception? thrown;
        try
        {
            _body = body;
            _state = state;
            _parts = parts;
            _participants = threads - 1;
            _next = 0;
            _failure = null;
            while (Workers.Count < _participants) Workers.Add(new Worker(Workers.Count));

            Volatile.Write(ref _gate, 0);
            Interlocked.Increment(ref _jobs);
            for (int i = 0; i < _participants; i++) Workers[i].Wake();
            TakeParts();
            AwaitWorkers();
            thrown = _failure;
            _failure = null;
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }

        if (thrown is not null) ExceptionDispatchInfo.Throw(thrown);
    }

    private static unsafe void TakeParts()
    {
        try
        {
            for (int part = Interlocked.Increment(ref _next) - 1; part < _parts; part = Interlocked.Increment(ref _next) - 1)
            {
                _body(_state, part);
            }
        }
#pragma warning disable CA1031 // Whatever it is, it belongs to the caller of Run.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Interlocked.CompareExchange(ref _failure, exception, null);
            Volatile.Write(ref _next, _parts);
        }
    }

    // No worker may begin from here on; those inside are awaited, those still asleep are not.
    private static void AwaitWorkers()
    {
        if (Interlocked.Or(ref _gate, Closed) == 0) return;
        long start = Stopwatch.GetTimestamp();
        while (Volatile.Read(ref _gate) != Closed)
        {
            if (Stopwatch.GetTimestamp() - start < Patience)
            {
                Thread.SpinWait(8);
                continue;
            }

            if (Interlocked.Or(ref _gate, CallerAsleep) != Closed) Finished.Wait();
            Volatile.Write(ref _gate, Closed);
        }
    }

    private static bool Enter()
    {
        int seen = Volatile.Read(ref _gate);
        while ((seen & Closed) == 0)
        {
            int found = Interlocked.CompareExchange(ref _gate, seen + 1, seen);
            if (found == seen) return true;
            seen = found;
        }

        return false;
    }

    private static void Leave()
    {
        if (Interlocked.Decrement(ref _gate) == (Closed | CallerAsleep)) Finished.Release();
    }

#pragma warning disable CA1001 // A worker lives as long as the process.
    private sealed class Worker
#pragma warning restore CA1001
    {
        private readonly int _index;
        private readonly SemaphoreSlim _wake = new(0);
        private int _asleep;

        internal Worker(int index)
        {
            _index = index;
            new Thread(Serve) { IsBackground = true, Name = $"Switchyard worker {index + 1}" }.Start();
        }

        internal void Wake()
        {
            if (Volatile.Read(ref _asleep) != 0 && Interlocked.Exchange(ref _asleep, 0) != 0) _wake.Release();
        }

        private void Serve()
        {
            for (int seen = 0; ;)
            {
                seen = AwaitJob(seen);
                if (!Enter()) continue;
                if (_index < _participants) TakeParts();
                Leave();
            }
        }

        private int AwaitJob(int seen)
        {
            long start = Stopwatch.GetTimestamp();
            while (Volatile.Read(ref _jobs) == seen)
            {
                if (Stopwatch.GetTimestamp() - start < Patience)
                {
                    Thread.SpinWait(8);
                    continue;
                }

                Interlocked.Exchange(ref _asleep, 1);
                // A job that came in between either saw `_asleep` and sends a wake-up, or is seen here.
                if (Volatile.Read(ref _jobs) == seen || Interlocked.Exchange(ref _asleep, 0) == 0) _wake.Wait();
            }

            return Volatile.Read(ref _jobs);
        }
    }
}

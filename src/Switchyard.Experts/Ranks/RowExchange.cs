using System.Runtime.InteropServices;
using Switchyard.Collectives;
using Switchyard.Tensors;
using Switchyard.Tensors.Autograd;

namespace Switchyard.Experts.Ranks;

/// <summary>Rows that change ranks, differentiably: the gradient of an exchange is the exchange with the counts transposed.</summary>
internal static class RowExchange
{
    /// <summary>Sends rows to the ranks they are meant for.</summary>
    /// <param name="rows">[sent, width], grouped by the rank they go to.</param>
    /// <param name="ranks">The ranks, all of which take part, in the forward and in the backward pass.</param>
    /// <param name="sent">Rows for each rank; 0 is allowed.</param>
    /// <param name="received">Rows from each rank.</param>
    /// <returns>[received, width], grouped by the rank they come from.</returns>
    public static Tensor Exchange(this Tensor rows, ProcessGroup ranks, nint[] sent, nint[] received)
    {
        Tensor arrived = Room(rows, received);
        Move(rows, arrived, ranks, sent, received);
        return arrived.WithGradient(rows, (dy, flow) => flow.Add(rows, dy.Exchange(ranks, received, sent)), Saved.Nothing);
    }

    /// <summary>
    /// Sends rows while this thread goes on: whatever it does before <see cref="Sending.Arrived"/> is done at the same time.
    /// So is, in the backward pass, the gradient of whatever that was.
    /// </summary>
    /// <param name="rows">[sent, width], grouped by the rank they go to.</param>
    /// <param name="queue">Carries it out.</param>
    /// <param name="sent">Rows for each rank; 0 is allowed.</param>
    /// <param name="received">Rows from each rank.</param>
    public static Sending Send(this Tensor rows, ExchangeQueue queue, nint[] sent, nint[] received) => new(rows, queue, sent, received);

    private static Tensor Room(Tensor rows, nint[] received)
    {
        nint sum = 0;
        foreach (nint count in received) sum += count;
        return Tensor.Empty([(int)sum, rows.Shape[1]], rows.Type);
    }

    private static void Move(Tensor rows, Tensor arrived, ProcessGroup ranks, nint[] sent, nint[] received)
    {
        nint width = rows.Shape[1];
        nint[] from = Array.ConvertAll(sent, count => count * width), to = Array.ConvertAll(received, count => count * width);
        switch (rows.Type)
        {
            case ElementType.Float32: Move<float>(rows, arrived, ranks, from, to); break;
            case ElementType.Float64: Move<double>(rows, arrived, ranks, from, to); break;
            case ElementType.Int32: Move<int>(rows, arrived, ranks, from, to); break;
            default: throw new ArgumentException($"rows of {rows.Type} are not exchanged: convert them to Float32 or Float64");
        }
    }

    private static void Move<T>(Tensor rows, Tensor arrived, ProcessGroup ranks, nint[] from, nint[] to)
        where T : unmanaged
    {
        ranks.AllToAllV(
            new ReadOnlyLongSpan<T>(ref MemoryMarshal.GetReference(MemoryMarshal.Cast<byte, T>(rows.AsReadOnlyBytes(0, 0))), (nint)rows.Elements), from,
            new LongSpan<T>(ref MemoryMarshal.GetReference(MemoryMarshal.Cast<byte, T>(arrived.AsBytes(0, 0))), (nint)arrived.Elements), to);
        GC.KeepAlive(rows);
        GC.KeepAlive(arrived);
    }

    /// <summary>Rows under way.</summary>
    public sealed class Sending
    {
        // Gradients walk from the last to the first: the rule of the end starts the way back, that of the beginning awaits it.
        private readonly Tensor _departed;
        private readonly Tensor _arrived;
        private readonly Task _there;
        private readonly ExchangeQueue _queue;
        private readonly nint[] _sent, _received;
        private Task? _back;

        internal Sending(Tensor rows, ExchangeQueue queue, nint[] sent, nint[] received)
        {
            (_queue, _sent, _received) = (queue, sent, received);
            _departed = rows.Detach();
            _arrived = Room(rows, received);
            _there = Start(_departed, _arrived, sent, received);
            _departed.WithGradient(
                rows,
                (dy, flow) =>
                {
                    _back?.GetAwaiter().GetResult();
                    flow.Add(rows, dy);
                },
                Saved.Nothing);
        }

        /// <summary>Waits for them.</summary>
        /// <returns>[received, width], grouped by the rank they come from.</returns>
        public Tensor Arrived()
        {
            _there.GetAwaiter().GetResult();
            return _arrived.WithGradient(
                _departed,
                (dy, flow) =>
                {
                    if (flow.CreateGraph)
                    {
                        Sending returning = dy.Send(_queue, _received, _sent);
                        flow.Add(_departed, returning.Arrived());
                        return;
                    }
                    Tensor gradient = Room(dy, _sent);
                    _back = Start(dy, gradient, _received, _sent);
                    flow.Add(_departed, gradient);
                },
                Saved.Nothing);
        }

        private Task Start(Tensor from, Tensor to, nint[] sent, nint[] received)
        {
            // Views that nobody else frees: the memory stays until the last byte has moved.
            Tensor source = from.Detach().Release(), target = to.Detach().Release();
            return _queue.Add(ranks =>
            {
                using (source)
                using (target) Move(source, target, ranks, sent, received);
            });
        }
    }
}

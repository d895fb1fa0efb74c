using Switchyard.Tensors;
using Switchyard.Tensors.Autograd;

namespace Switchyard.Experts.Ranks;

/// <summary>Rows that change ranks, differentiably: the gradient of a move is its adjoint.</summary>
internal static class RowExchange
{
    /// <summary>Sends rows to the ranks they are meant for.</summary>
    /// <param name="rows">[departing, width], or [departing]</param>
    /// <param name="move">Where to; all ranks take part, in the forward and in the backward pass.</param>
    /// <returns>[arriving, width], or [arriving]</returns>
    public static Tensor Move(this Tensor rows, RowMove move)
    {
        Tensor arrived = move.Room(rows);
        move.Carry(rows, arrived);
        return arrived.WithGradient(rows, (dy, flow) => flow.Add(rows, dy.Move(move.Adjoint)), Saved.Nothing);
    }

    /// <summary>
    /// Sends rows while this thread goes on: whatever it does before <see cref="Sending.Arrived"/> is done at the same time.
    /// So is, in the backward pass, the gradient of whatever that was.
    /// </summary>
    /// <param name="rows">[departing, width], or [departing]</param>
    /// <param name="queue">Carries it out.</param>
    /// <param name="move">Where to, over the ranks of the queue.</param>
    public static Sending Send(this Tensor rows, ExchangeQueue queue, RowMove move) => new(rows, queue, move);

    /// <summary>Rows under way.</summary>
    public sealed class Sending
    {
        // Gradients walk from the last to the first: the rule of the end starts the way back, that of the beginning awaits it.
        private readonly Tensor _departed;
        private readonly Tensor _arrived;
        private readonly Task _there;
        private readonly ExchangeQueue _queue;
        private readonly RowMove _move;
        private Task? _back;

        internal Sending(Tensor rows, ExchangeQueue queue, RowMove move)
        {
            (_queue, _move) = (queue, move);
            _departed = rows.Detach();
            _arrived = move.Room(rows);
            _there = Start(_departed, _arrived, move);
            _departed.WithGradient(
                rows,
                (dy, flow) =>
                {
                    if (_back is not null) _queue.Await(_back);
                    flow.Add(rows, dy);
                },
                Saved.Nothing);
        }

        /// <summary>Waits for them.</summary>
        /// <returns>[arriving, width], or [arriving]</returns>
        public Tensor Arrived()
        {
            _queue.Await(_there);
            return _arrived.WithGradient(
                _departed,
                (dy, flow) =>
                {
                    if (flow.CreateGraph)
                    {
                        Sending returning = dy.Send(_queue, _move.Adjoint);
                        flow.Add(_departed, returning.Arrived());
                        return;
                    }
                    Tensor gradient = _move.Adjoint.Room(dy);
                    _back = Start(dy, gradient, _move.Adjoint);
                    flow.Add(_departed, gradient);
                },
                Saved.Nothing);
        }

        private Task Start(Tensor from, Tensor to, RowMove move)
        {
            // Views that nobody else frees: the memory stays until the last byte has moved.
            Tensor source = from.Detach().Release(), target = to.Detach().Release();
            return _queue.Add(_ =>
            {
                using (source)
                using (target) move.Carry(source, target);
            });
        }
    }
}

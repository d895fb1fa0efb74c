using System.Numerics;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Cross-entropy of rows of logits with class numbers. No probability is kept: the backward pass makes them again
/// from the log-sum-exp of each row.
/// </summary>
internal static unsafe class CrossEntropyRows
{
    /// <summary>The loss of every row, and the log-sum-exp of its logits.</summary>
    /// <param name="logits">[rows, classes]</param>
    /// <param name="targets">Int32 [rows]</param>
    /// <param name="weight">[classes], or null for ones.</param>
    /// <param name="ignored">The target of rows that do not count.</param>
    /// <param name="smoothing">How much of the target is shared among all classes.</param>
    /// <param name="items">[rows]</param>
    /// <param name="normalisers">[rows]</param>
    public static void Forward(Tensor logits, Tensor targets, Tensor? weight, int ignored, double smoothing, Tensor items, Tensor normalisers)
    {
        items.MarkChanged();
        normalisers.MarkChanged();
        Operands operands = Over(logits, targets, weight, ignored, smoothing, normalisers);
        operands.Items = (void*)items.Address;
        VectorLoop.Run<ForwardPart>(logits.Type, operands.Parts.Count, &operands);
    }

    /// <summary>The gradient of the logits, given that of every row's loss.</summary>
    public static void Backward(Tensor logits, Tensor targets, Tensor? weight, int ignored, double smoothing, Tensor normalisers, Tensor ditems, Tensor dlogits)
    {
        dlogits.MarkChanged();
        Operands operands = Over(logits, targets, weight, ignored, smoothing, normalisers);
        operands.Items = (void*)ditems.Address;
        operands.Gradient = (void*)dlogits.Address;
        VectorLoop.Run<BackwardPart>(logits.Type, operands.Parts.Count, &operands);
    }

    private static Operands Over(Tensor logits, Tensor targets, Tensor? weight, int ignored, double smoothing, Tensor normalisers) => new()
    {
        Logits = (void*)logits.Address,
        Targets = (int*)targets.Address,
        Weight = weight is null ? null : (void*)weight.Address,
        Normalisers = (void*)normalisers.Address,
        Ignored = ignored,
        Smoothing = smoothing,
        Classes = logits.Shape[1],
        Parts = RowParts.Of(logits.Shape[0], logits.Shape[1]),
    };

    // With n the log-sum-exp, w the weights and s the smoothing:
    // item = (1 - s)·w[y]·(n - x[y]) + s/C·Σ w[c]·(n - x[c]).
    private readonly struct ForwardPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            T* weight = (T*)o->Weight;
            for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
            {
                T* x = (T*)o->Logits + row * o->Classes;
                T normaliser = SoftmaxRows.LogSumExpRow<T, TVector>(x, o->Classes);
                ((T*)o->Normalisers)[row] = normaliser;
                int target = o->Targets[row];
                T item = T.Zero;
                if (target != o->Ignored)
                {
                    item = (normaliser - x[target]) * Share<T>(o, target);
                    if (o->Smoothing != 0)
                    {
                        TVector sums = default, n = TVector.Create(normaliser);
                        for (int i = 0; i < o->Classes; i += TVector.Count)
                        {
                            int rest = o->Classes - i;
                            TVector surprise = n - TVector.Load(x + i, rest, normaliser);
                            sums += weight == null ? surprise : surprise * TVector.Load(weight + i, rest);
                        }
                        item += TVector.Sum(sums) * T.CreateChecked(o->Smoothing / o->Classes);
                    }
                }
                ((T*)o->Items)[row] = item;
            }
        }
    }

    // d item / d x[c] = t·softmax(x)[c] - t[c], where t[c] is what class c counts in the target and t their sum.
    private readonly struct BackwardPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            int classes = o->Classes;
            T* weight = (T*)o->Weight;
            T even = T.CreateChecked(o->Smoothing / classes), evenSum = even * WeightSum<T>(o);
            for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
            {
                T* x = (T*)o->Logits + row * classes, dx = (T*)o->Gradient + row * classes;
                int target = o->Targets[row];
                if (target == o->Ignored)
                {
                    new Span<T>(dx, classes).Clear();
                    continue;
                }
                T upstream = ((T*)o->Items)[row], share = Share<T>(o, target);
                TVector factor = TVector.Create((share + evenSum) * upstream), n = TVector.Create(((T*)o->Normalisers)[row]), shared = TVector.Create(even * upstream);
                for (int i = 0; i < classes; i += TVector.Count)
                {
                    int rest = classes - i;
                    TVector slope = VectorMath.Exp<T, TVector>(TVector.Load(x + i, rest) - n) * factor;
                    TVector.Store(slope - (weight == null ? shared : shared * TVector.Load(weight + i, rest)), dx + i, rest);
                }
                dx[target] -= share * upstream;
            }
        }
    }

    /// <summary>What the target class counts beyond its part of the smoothing.</summary>
    private static T Share<T>(Operands* o, int target)
        where T : unmanaged, IFloatingPointIeee754<T>
        => T.CreateChecked(1 - o->Smoothing) * (o->Weight == null ? T.One : ((T*)o->Weight)[target]);

    private static T WeightSum<T>(Operands* o)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (o->Weight == null) return T.CreateChecked(o->Classes);
        T sum = T.Zero;
        for (int i = 0; i < o->Classes; i++) sum += ((T*)o->Weight)[i];
        return sum;
    }

    private struct Operands
    {
        public void* Logits;
        public int* Targets;
        public void* Weight;
        public void* Normalisers;
        public void* Items;
        public void* Gradient;
        public int Ignored;
        public double Smoothing;
        public int Classes;
        public RowParts Parts;
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// One step of AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019) in one pass over
/// memory: parameter and both moments are read and written once, the gradient is read once.
/// </summary>
internal static unsafe class AdamWStep
{
    private const int PartElements = 1 << 14;

    /// <summary>
    /// p ← (1 - rate·weightDecay)·p; m ← β₁m + (1 - β₁)g; v ← β₂v + (1 - β₂)g²;
    /// p ← p - rate/(1 - β₁ᵗ) · m / (√v/√(1 - β₂ᵗ) + ε).
    /// </summary>
    /// <param name="parameter">p, changed in place. Float32 or Float64.</param>
    /// <param name="gradient">g before <paramref name="gradientScale"/>; of the shape and type of p, like the moments.</param>
    /// <param name="first">m, changed in place.</param>
    /// <param name="second">v, changed in place.</param>
    /// <param name="gradientScale">What every gradient is multiplied by, to clip their norm.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="beta1">β₁.</param>
    /// <param name="beta2">β₂.</param>
    /// <param name="epsilon">ε, added after the correction of v.</param>
    /// <param name="weightDecay">The decoupled decay.</param>
    /// <param name="step">t, from 1.</param>
    public static void AdamW(Tensor parameter, Tensor gradient, Tensor first, Tensor second, double gradientScale, double rate, double beta1, double beta2, double epsilon, double weightDecay, long step)
    {
        foreach (Tensor other in (ReadOnlySpan<Tensor>)[gradient, first, second])
            if (other.Shape != parameter.Shape || other.Type != parameter.Type) throw new ArgumentException($"{other} was given to the step of a parameter {parameter}: gradient and moments have its shape and type");
        parameter.MarkChanged();
        first.MarkChanged();
        second.MarkChanged();
        Step state = new()
        {
            Parameter = (void*)parameter.Address,
            Gradient = (void*)gradient.Address,
            First = (void*)first.Address,
            Second = (void*)second.Address,
            Parts = new RowParts(parameter.Elements, PartElements),
            GradientScale = gradientScale,
            Beta1 = beta1,
            Beta2 = beta2,
            Epsilon = epsilon,
            Kept = 1 - rate * weightDecay,
            Rate = rate / (1 - Math.Pow(beta1, step)),
            SecondCorrection = 1 / Math.Sqrt(1 - Math.Pow(beta2, step)),
        };
        VectorLoop.Run<StepPart>(parameter.Type, state.Parts.Count, &state);
    }

    private readonly struct StepPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Step* s = (Step*)state;
            long start = s->Parts.Start(part);
            int length = s->Parts.Length(part);
            T* p = (T*)s->Parameter + start, g = (T*)s->Gradient + start, m = (T*)s->First + start, v = (T*)s->Second + start;
            TVector scale = TVector.Constant(s->GradientScale), kept = TVector.Constant(s->Kept), rate = TVector.Constant(-s->Rate), epsilon = TVector.Constant(s->Epsilon), correction = TVector.Constant(s->SecondCorrection);
            TVector beta1 = TVector.Constant(s->Beta1), beta2 = TVector.Constant(s->Beta2), fresh1 = TVector.Constant(1 - s->Beta1), fresh2 = TVector.Constant(1 - s->Beta2);
            for (int i = 0; i < length; i += TVector.Count)
            {
                int rest = length - i;
                TVector gradient = TVector.Load(g + i, rest) * scale;
                TVector first = beta1 * TVector.Load(m + i, rest) + fresh1 * gradient;
                TVector second = beta2 * TVector.Load(v + i, rest) + fresh2 * gradient * gradient;
                TVector parameter = kept * TVector.Load(p + i, rest) + rate * first / (TVector.SquareRoot(second) * correction + epsilon);
                TVector.Store(first, m + i, rest);
                TVector.Store(second, v + i, rest);
                TVector.Store(parameter, p + i, rest);
            }
        }
    }

    private struct Step
    {
        public void* Parameter;
        public void* Gradient;
        public void* First;
        public void* Second;
        public RowParts Parts;
        public double GradientScale;
        public double Beta1;
        public double Beta2;
        public double Epsilon;
        public double Kept;
        public double Rate;
        public double SecondCorrection;
    }
}

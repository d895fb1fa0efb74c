using System.Numerics;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>Turns pairs of coordinates of every head by the angles of its token's position.</summary>
internal static unsafe class RotaryRows
{
    /// <summary>y = x turned, or turned back.</summary>
    /// <param name="x">[batch, tokens, heads, width]</param>
    /// <param name="positions">Int32 [tokens] or [batch, tokens], all within the table.</param>
    /// <param name="cosines">[positions, pairs]</param>
    /// <param name="sines">[positions, pairs]</param>
    /// <param name="interleaved">Whether a pair lies side by side.</param>
    /// <param name="back">Whether the angles are taken with the opposite sign.</param>
    /// <param name="y">Of the shape of x.</param>
    public static void Turn(Tensor x, Tensor positions, Tensor cosines, Tensor sines, bool interleaved, bool back, Tensor y)
    {
        y.MarkChanged();
        long tokens = (long)x.Shape[0] * x.Shape[1];
        Operands operands = new()
        {
            X = (void*)x.Address,
            Y = (void*)y.Address,
            Positions = (int*)positions.Address,
            PositionCount = Math.Max(1, positions.Elements),
            Cosines = (void*)cosines.Address,
            Sines = (void*)sines.Address,
            Heads = x.Shape[2],
            Width = x.Shape[3],
            Pairs = cosines.Shape[1],
            Interleaved = interleaved,
            Back = back,
            Parts = RowParts.Of(tokens, (long)x.Shape[2] * x.Shape[3]),
        };
        VectorLoop.Run<TurnPart>(x.Type, operands.Parts.Count, &operands);
    }

    private readonly struct TurnPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            int turned = 2 * o->Pairs;
            for (long token = o->Parts.Start(part); token < o->Parts.End(part); token++)
            {
                long angle = (long)o->Positions[token % o->PositionCount] * o->Pairs;
                T* cosines = (T*)o->Cosines + angle, sines = (T*)o->Sines + angle;
                for (int head = 0; head < o->Heads; head++)
                {
                    T* x = (T*)o->X + (token * o->Heads + head) * o->Width, y = (T*)o->Y + (token * o->Heads + head) * o->Width;
                    if (o->Interleaved) TurnInterleaved(x, y, cosines, sines, o->Pairs, o->Back);
                    else TurnHalves<T, TVector>(x, y, cosines, sines, o->Pairs, o->Back);
                    new ReadOnlySpan<T>(x + turned, o->Width - turned).CopyTo(new Span<T>(y + turned, o->Width - turned));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void TurnHalves<T, TVector>(T* x, T* y, T* cosines, T* sines, int pairs, bool back)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        for (int i = 0; i < pairs; i += TVector.Count)
        {
            int rest = pairs - i;
            TVector a = TVector.Load(x + i, rest), b = TVector.Load(x + pairs + i, rest);
            TVector cosine = TVector.Load(cosines + i, rest), sine = TVector.Load(sines + i, rest);
            if (back) sine = -sine;
            TVector.Store(a * cosine - b * sine, y + i, rest);
            TVector.Store(b * cosine + a * sine, y + pairs + i, rest);
        }
    }

    private static void TurnInterleaved<T>(T* x, T* y, T* cosines, T* sines, int pairs, bool back)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int i = 0; i < pairs; i++)
        {
            T a = x[2 * i], b = x[2 * i + 1], cosine = cosines[i], sine = back ? -sines[i] : sines[i];
            y[2 * i] = a * cosine - b * sine;
            y[2 * i + 1] = b * cosine + a * sine;
        }
    }

    private struct Operands
    {
        public void* X;
        public void* Y;
        public int* Positions;
        public long PositionCount;
        public void* Cosines;
        public void* Sines;
        public int Heads;
        public int Width;
        public int Pairs;
        public bool Interleaved;
        public bool Back;
        public RowParts Parts;
    }
}

using System.Runtime.Intrinsics.X86;

namespace Switchyard.Tensors.Kernels;

/// <summary>The instructions that a kernel is written for, narrowest first.</summary>
internal enum InstructionSet
{
    /// <summary>128-bit vectors, as every 64-bit processor has them.</summary>
    Portable,

    /// <summary>256-bit vectors with fused multiply-add.</summary>
    Avx2,

    /// <summary>512-bit vectors.</summary>
    Avx512,
}

/// <summary>Which instruction set the kernels of this process use.</summary>
internal static class Processor
{
    /// <summary>The environment variable that forces a narrower set than the processor has.</summary>
    internal const string Variable = "SWITCHYARD_ISA";

    private static InstructionSet? _chosen;

    /// <summary>The set in use: the widest that the processor has, or the one that the environment names.</summary>
    /// <exception cref="SwitchyardException">The environment names a set that does not exist or is not there.</exception>
    internal static InstructionSet Chosen => _chosen ??= Choose(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Whether this processor can run the kernels written for a set.</summary>
    // Not Vector512.IsHardwareAccelerated: that is false on processors that lower their clock for wide vectors,
    // although the instructions are there and worth it.
    internal static bool Supports(InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => Avx512F.IsSupported,
        InstructionSet.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        _ => true,
    };

    /// <summary>The set that a value of <see cref="Variable"/> stands for; null or empty asks for the widest.</summary>
    internal static InstructionSet Choose(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return Supports(InstructionSet.Avx512) ? InstructionSet.Avx512
                : Supports(InstructionSet.Avx2) ? InstructionSet.Avx2
                : InstructionSet.Portable;
        }

        InstructionSet set = name switch
        {
            "avx512" => InstructionSet.Avx512,
            "avx2" => InstructionSet.Avx2,
            "portable" => InstructionSet.Portable,
            _ => throw new SwitchyardException($"{Variable} is \"{name}\"", "use avx512, avx2 or portable, or leave it unset"),
        };
        return Supports(set)
            ? set
            : throw new SwitchyardException($"{Variable} is \"{name}\", which this processor does not have", "leave it unset");
    }
}

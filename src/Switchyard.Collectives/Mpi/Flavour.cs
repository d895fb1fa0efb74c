namespace Switchyard.Collectives.Mpi;

/// <summary>
/// What differs between the two families of MPI: Open MPI's handles are addresses of exported objects, MPICH's are
/// numbers. Both pass as <see cref="nint"/>: a number takes its lower half, which is all that MPICH reads and writes.
/// </summary>
/// <param name="Name">What to call it.</param>
/// <param name="Package">What to install on Debian.</param>
/// <param name="Libraries">File names of its library, of which the first that is there is taken.</param>
/// <param name="Launched">Environment variables of which its launcher sets one.</param>
internal sealed record Flavour(string Name, string Package, string[] Libraries, string[] Launched)
{
    /// <summary>Handles that are exported objects are looked up under these names; numbers stand here as they are.</summary>
    public required (string? Symbol, nint Number) World { get; init; }

    /// <inheritdoc cref="World"/>
    public required (string? Symbol, nint Number) Byte { get; init; }

    /// <inheritdoc cref="World"/>
    public required (string? Symbol, nint Number) ErrorsReturn { get; init; }

    /// <summary>MPI_ANY_SOURCE.</summary>
    public required int AnySource { get; init; }

    /// <summary>Open MPI.</summary>
    public static Flavour OpenMpi { get; } = new("Open MPI", "openmpi-bin", ["libmpi.so.40", "libmpi.40.dylib"], ["OMPI_COMM_WORLD_RANK", "PMIX_RANK"])
    {
        World = ("ompi_mpi_comm_world", 0),
        Byte = ("ompi_mpi_byte", 0),
        ErrorsReturn = ("ompi_mpi_errors_return", 0),
        AnySource = -1,
    };

    /// <summary>MPICH and those that share its binary interface.</summary>
    public static Flavour Mpich { get; } = new("MPICH", "mpich", ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib"], ["PMI_RANK", "PMI_FD"])
    {
        World = (null, 0x44000000),
        Byte = (null, 0x4c00010d),
        ErrorsReturn = (null, 0x54000001),
        AnySource = -2,
    };

    /// <summary>The family whose launcher started this process; null if none did.</summary>
    public static Flavour? OfLauncher() => new[] { OpenMpi, Mpich }.FirstOrDefault(flavour => flavour.Launched.Any(name => Environment.GetEnvironmentVariable(name) is not null));
}

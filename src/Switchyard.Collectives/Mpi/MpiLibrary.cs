using System.Runtime.InteropServices;

namespace Switchyard.Collectives.Mpi;

/// <summary>The MPI of this machine, as far as groups need it: messages of bytes among all processes that were launched together.</summary>
internal sealed partial class MpiLibrary
{
    private const string Library = "mpi";

    private const int Success = 0; // MPI_SUCCESS
    private const int Serialised = 2; // MPI_THREAD_SERIALIZED
    private const int StatusBytes = 64; // more than MPI_Status of either family; only MPI looks inside

    // Long messages are counted in pages, a derived type, since MPI's counts have 32 bits.
    private const int PageBytes = 1 << 20;

    // Threads take turns, which is all that is asked of the library; it can be started once per process.
    private static readonly Lock Turn = new();
    private static bool _started;

    private readonly Flavour _flavour;
    private readonly nint _handle, _world, _byte, _page;

    private MpiLibrary(Flavour flavour, nint handle)
    {
        (_flavour, _handle) = (flavour, handle);
        NativeLibrary.SetDllImportResolver(typeof(MpiLibrary).Assembly, (name, _, _) => name == Library ? handle : 0);
        (_world, _byte) = (Handle(flavour.World), Handle(flavour.Byte));
        Check(InitThread(0, 0, Serialised, out int provided), "MPI_Init_thread");
        if (provided < Serialised) throw new ProcessGroupException($"this {flavour.Name} allows no threads", $"install one that does: apt-get install {flavour.Package}");
        Check(SetErrorHandler(_world, Handle(flavour.ErrorsReturn)), "MPI_Comm_set_errhandler");
        Check(MakeType(PageBytes, _byte, out _page), "MPI_Type_contiguous");
        Check(CommitType(ref _page), "MPI_Type_commit");
        Check(GetRank(_world, out int rank), "MPI_Comm_rank");
        Check(GetSize(_world, out int size), "MPI_Comm_size");
        (Rank, Size) = (rank, size);
    }

    /// <summary>This process among those that were launched together.</summary>
    public int Rank { get; }

    /// <summary>How many were launched together.</summary>
    public int Size { get; }

    /// <summary>Joins the processes that were launched with this one. Once per process.</summary>
    /// <exception cref="ProcessGroupException">There is no MPI on this machine.</exception>
    /// <exception cref="InvalidOperationException">It was called before.</exception>
    public static MpiLibrary Start()
    {
        lock (Turn)
        {
            if (_started) throw new InvalidOperationException("MPI can be started once per process");
            (Flavour flavour, nint handle) = Load(Flavour.OfLauncher() is { } launcher ? [launcher] : [Flavour.OpenMpi, Flavour.Mpich]);
            _started = true;
            return new MpiLibrary(flavour, handle);
        }
    }

    /// <summary>Loads the first library that is there.</summary>
    /// <param name="flavours">The families to look for, in this order.</param>
    /// <exception cref="ProcessGroupException">None is.</exception>
    internal static (Flavour Flavour, nint Handle) Load(params Flavour[] flavours)
    {
        foreach (Flavour flavour in flavours)
            foreach (string file in flavour.Libraries)
                if (NativeLibrary.TryLoad(file, out nint handle)) return (flavour, handle);
        throw new ProcessGroupException(
            $"there is no {flavours[0].Name} on this machine: {flavours[0].Libraries[0]} cannot be loaded", $"install it: apt-get install {flavours[0].Package}");
    }

    /// <summary>The lengths of the two messages that carry so many bytes; the second is empty where one can.</summary>
    public static (nint Pages, nint Odd) Parts(nint bytes) => bytes <= int.MaxValue ? (bytes, 0) : (bytes / PageBytes * PageBytes, bytes % PageBytes);

    /// <summary>Begins to send; the memory must stay until the request is done.</summary>
    /// <param name="address">The message.</param>
    /// <param name="bytes">Its length, one that <see cref="Parts"/> gave.</param>
    /// <param name="to">Who gets it.</param>
    /// <param name="tag">Which receive it meets.</param>
    public nint Send(nint address, nint bytes, int to, int tag)
    {
        (int count, nint type) = Counted(bytes);
        lock (Turn)
        {
            Check(Isend(address, count, type, to, tag, _world, out nint request), "MPI_Isend");
            return request;
        }
    }

    /// <summary>Begins to receive; the memory must stay until the request is done.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="bytes">The length, one that <see cref="Parts"/> gave.</param>
    /// <param name="from">Who sends; null for anybody.</param>
    /// <param name="tag">Which send it meets.</param>
    public nint Receive(nint address, nint bytes, int? from, int tag)
    {
        (int count, nint type) = Counted(bytes);
        lock (Turn)
        {
            Check(Irecv(address, count, type, from ?? _flavour.AnySource, tag, _world, out nint request), "MPI_Irecv");
            return request;
        }
    }

    /// <summary>Whether a request is done; it is of no use after that.</summary>
    /// <param name="request">What was begun.</param>
    public unsafe bool IsDone(ref nint request)
    {
        byte* status = stackalloc byte[StatusBytes];
        lock (Turn)
        {
            Check(Test(ref request, out int done, status), "MPI_Test");
            return done != 0;
        }
    }

    /// <summary>Gives up a receive, so that nothing is written to its memory any more.</summary>
    /// <param name="request">What was begun.</param>
    public unsafe void GiveUp(ref nint request)
    {
        byte* status = stackalloc byte[StatusBytes];
        lock (Turn)
        {
            if (Cancel(ref request) == Success) _ = Wait(ref request, status);
        }
    }

    /// <summary>Leaves MPI; every process must.</summary>
    public void Finish()
    {
        lock (Turn)
        {
            nint page = _page;
            Check(FreeType(ref page), "MPI_Type_free");
            Check(Finalise(), "MPI_Finalize");
        }
    }

    private nint Handle((string? Symbol, nint Number) handle) => handle.Symbol is { } symbol ? NativeLibrary.GetExport(_handle, symbol) : handle.Number;

    private (int Count, nint Type) Counted(nint bytes) => bytes <= int.MaxValue ? ((int)bytes, _byte) : (checked((int)(bytes / PageBytes)), _page);

    private static unsafe void Check(int code, string function)
    {
        if (code == Success) return;
        byte* text = stackalloc byte[1024]; // MPI_MAX_ERROR_STRING is at most that
        string reason = GetErrorText(code, text, out int length) == Success ? Marshal.PtrToStringUTF8((nint)text, length) : $"error {code}";
        throw new ProcessGroupException($"{function} failed: {reason.ReplaceLineEndings(" ")}");
    }

    [LibraryImport(Library, EntryPoint = "MPI_Init_thread")]
    private static partial int InitThread(nint count, nint arguments, int required, out int provided);

    [LibraryImport(Library, EntryPoint = "MPI_Comm_set_errhandler")]
    private static partial int SetErrorHandler(nint communicator, nint handler);

    [LibraryImport(Library, EntryPoint = "MPI_Error_string")]
    private static unsafe partial int GetErrorText(int code, byte* text, out int length);

    [LibraryImport(Library, EntryPoint = "MPI_Comm_rank")]
    private static partial int GetRank(nint communicator, out int rank);

    [LibraryImport(Library, EntryPoint = "MPI_Comm_size")]
    private static partial int GetSize(nint communicator, out int size);

    [LibraryImport(Library, EntryPoint = "MPI_Type_contiguous")]
    private static partial int MakeType(int count, nint type, out nint made);

    [LibraryImport(Library, EntryPoint = "MPI_Type_commit")]
    private static partial int CommitType(ref nint type);

    [LibraryImport(Library, EntryPoint = "MPI_Type_free")]
    private static partial int FreeType(ref nint type);

    [LibraryImport(Library, EntryPoint = "MPI_Isend")]
    private static partial int Isend(nint address, int count, nint type, int to, int tag, nint communicator, out nint request);

    [LibraryImport(Library, EntryPoint = "MPI_Irecv")]
    private static partial int Irecv(nint address, int count, nint type, int from, int tag, nint communicator, out nint request);

    [LibraryImport(Library, EntryPoint = "MPI_Test")]
    private static unsafe partial int Test(ref nint request, out int done, byte* status);

    [LibraryImport(Library, EntryPoint = "MPI_Wait")]
    private static unsafe partial int Wait(ref nint request, byte* status);

    [LibraryImport(Library, EntryPoint = "MPI_Cancel")]
    private static partial int Cancel(ref nint request);

    [LibraryImport(Library, EntryPoint = "MPI_Finalize")]
    private static partial int Finalise();
}

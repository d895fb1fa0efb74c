using System.Globalization;
using Switchyard.Modules;
using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;

namespace Switchyard.Training.Checkpoints;

/// <summary>
/// The checkpoints of a run, <c>step-00000500</c> and so on. A new one is written into a hidden folder and renamed when
/// it is whole; only then are older ones removed. A killed writer leaves hidden folders, nothing else.
/// </summary>
/// <param name="path">The folder; it may be absent until something is written.</param>
public sealed class CheckpointFolder(string path)
{
    private const string Prefix = "step-";
    private const string PartialPrefix = ".partial-";
    private const string RemovedPrefix = ".removed-";

    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>The folders of all checkpoints, the newest first. They have not been looked into.</summary>
    public IReadOnlyList<string> All()
        => Directory.Exists(Path)
            ? [.. Directory.EnumerateDirectories(Path, Prefix + "*").Where(folder => StepOf(folder) >= 0).OrderByDescending(StepOf)]
            : [];

    /// <summary>Opens the newest checkpoint that is whole and unchanged, or null where there is none at all.</summary>
    /// <param name="warn">Told about every newer one that is damaged.</param>
    /// <exception cref="SwitchyardException">There are checkpoints, and all are damaged.</exception>
    public Checkpoint? OpenNewest(Action<string>? warn = null)
    {
        IReadOnlyList<string> folders = All();
        SwitchyardException? last = null;
        foreach (string folder in folders)
        {
            try
            {
                return Checkpoint.Open(folder);
            }
            catch (SwitchyardException failure)
            {
                last = failure;
                warn?.Invoke($"{folder} is damaged and passed over: {failure.Message}");
            }
        }
        if (last is null) return null;
        throw new SwitchyardException($"{Path}: none of {folders.Count} checkpoints can be used; the oldest: {last.Message}", "restore one from a copy, or train anew", last);
    }

    /// <summary>Writes a checkpoint, then removes those that are no longer wanted.</summary>
    /// <param name="state">How far the training has come.</param>
    /// <param name="model">Its parameters and buffers are written.</param>
    /// <param name="optimiser">Its state is written.</param>
    /// <param name="keep">How many checkpoints to keep, this one included.</param>
    /// <returns>The folder of the new checkpoint.</returns>
    /// <exception cref="SwitchyardException">The disk is full, or the folder may not be written. Former checkpoints are as they were.</exception>
    public string Save(TrainingState state, Module model, Optimiser optimiser, int keep)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(optimiser);
        return Save(state, model.State(), optimiser.State, keep);
    }

    /// <summary>Writes a checkpoint of tensors by name, then removes those that are no longer wanted.</summary>
    /// <inheritdoc cref="Save(TrainingState, Module, Optimiser, int)"/>
    internal string Save(TrainingState state, IEnumerable<(string Name, Tensor Tensor)> model, IEnumerable<(string Name, Tensor Tensor)> optimiser, int keep)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        string name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{state.Step:D8}");
        string final = System.IO.Path.Combine(Path, name);
        string partial = System.IO.Path.Combine(Path, PartialPrefix + name);
        try
        {
            Directory.CreateDirectory(partial);
            try
            {
                Checkpoint.Write(partial, state, model, optimiser);
                if (Directory.Exists(final)) Remove(final);
                Directory.Move(partial, final);
            }
            catch
            {
                Directory.Delete(partial, recursive: true);
                throw;
            }
            // A newer one is damaged: otherwise training would have gone on from it.
            foreach (string newer in All().Where(folder => StepOf(folder) > state.Step)) Remove(newer);
            foreach (string old in All().Skip(keep)) Remove(old);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot write the checkpoint '{final}': {failure.Message.ReplaceLineEndings(" ")}", "free some space, or allow writing; former checkpoints are as they were", failure);
        }
        return final;
    }

    /// <summary>
    /// Clears up after writers that were killed: a checkpoint that was whole but not yet renamed is kept, all else goes.
    /// </summary>
    /// <exception cref="SwitchyardException">The folder may not be written.</exception>
    public void RemoveLeftovers()
    {
        if (!Directory.Exists(Path)) return;
        try
        {
            foreach (string partial in Directory.GetDirectories(Path, PartialPrefix + "*"))
            {
                string final = System.IO.Path.Combine(Path, System.IO.Path.GetFileName(partial)[PartialPrefix.Length..]);
                if (IsWhole(partial) && !Directory.Exists(final)) Directory.Move(partial, final);
                else Directory.Delete(partial, recursive: true);
            }
            foreach (string removed in Directory.GetDirectories(Path, RemovedPrefix + "*")) Directory.Delete(removed, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot clear up '{Path}': {failure.Message.ReplaceLineEndings(" ")}", "allow writing, or copy the run to another folder", failure);
        }
    }

    private static bool IsWhole(string folder)
    {
        try
        {
            Checkpoint.Open(folder);
            return true;
        }
        catch (SwitchyardException)
        {
            return false;
        }
    }

    // Renamed first: a folder that is half deleted must not pass for a checkpoint.
    private void Remove(string folder)
    {
        string hidden = System.IO.Path.Combine(Path, RemovedPrefix + System.IO.Path.GetFileName(folder));
        Directory.Move(folder, hidden);
        Directory.Delete(hidden, recursive: true);
    }

    private static long StepOf(string folder)
        => long.TryParse(System.IO.Path.GetFileName(folder.AsSpan())[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out long step) ? step : -1;
}

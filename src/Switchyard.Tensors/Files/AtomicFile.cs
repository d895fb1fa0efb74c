using System.Text;

namespace Switchyard.Files;

/// <summary>
/// Writes files that are either whole or not there: the content goes into <c>NAME.partial</c> in the same
/// folder, is forced onto the disk, and is then renamed. Whatever stood under the final name stays as it was
/// until that moment, so a full disk or a killed process costs at most the new content.
/// </summary>
public static class AtomicFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes a file whole or not at all.</summary>
    /// <param name="path">The final name. Its folder must exist; a file of that name is replaced.</param>
    /// <param name="write">Writes the content into the stream that it is given, which can seek.</param>
    /// <exception cref="SwitchyardException">The disk is full, or the folder is absent or may not be written.</exception>
    /// <remarks>Every exception, also one of <paramref name="write"/>, leaves the old file and removes the new.
    /// One writer at a time may work on one name.</remarks>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string partial = path + ".partial";
        try
        {
            FileStream stream = new(partial, FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 16);
            try
            {
                using (stream)
                {
                    write(stream);
                    stream.Flush(flushToDisk: true);
                }
                File.Move(partial, path, overwrite: true);
            }
            catch
            {
                File.Delete(partial);
                throw;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Explain(path, failure);
        }
    }

    /// <summary>Writes a text as UTF-8 without a byte-order mark, whole or not at all.</summary>
    /// <param name="path">The final name. Its folder must exist; a file of that name is replaced.</param>
    /// <param name="text">The whole content.</param>
    /// <exception cref="ArgumentException">The text holds half a surrogate pair, which UTF-8 cannot express.</exception>
    /// <exception cref="SwitchyardException">The disk is full, or the folder is absent or may not be written.</exception>
    public static void WriteText(string path, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        byte[] content = Utf8.GetBytes(text);
        Write(path, stream => stream.Write(content));
    }

    private static SwitchyardException Explain(string path, Exception failure)
    {
        string hint = failure switch
        {
            DirectoryNotFoundException => "create the folder first, or name another",
            UnauthorizedAccessException => "name a folder that you may write to, and a file that is not a folder",
            _ => "free some space or name another folder; what was there before is untouched",
        };
        return new SwitchyardException($"cannot write '{path}': {failure.Message.ReplaceLineEndings(" ")}", hint, failure);
    }
}

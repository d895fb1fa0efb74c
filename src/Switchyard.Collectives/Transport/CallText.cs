using System.Text;

namespace Switchyard.Collectives.Transport;

/// <summary>A call as a message of fixed length, by which ranks tell each other where they are.</summary>
internal static class CallText
{
    /// <summary>Length of the message.</summary>
    public const int Bytes = 512;

    /// <summary>Writes what may be cut off at the end.</summary>
    public static void Write(string text, Span<byte> message)
    {
        message.Clear();
        Encoding.UTF8.GetEncoder().Convert(text, message[..(Bytes - 1)], flush: true, out _, out _, out _);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static string Read(ReadOnlySpan<byte> message) => Encoding.UTF8.GetString(message[..message.IndexOf((byte)0)]);
}

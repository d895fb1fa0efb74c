using System.Text;

namespace Switchyard.Language.Tokenizers;

/// <summary>
/// The 256 characters that stand for the 256 bytes in a byte-level vocabulary (Radford et al. 2019): printable
/// Latin-1 characters stand for themselves, every other byte for the next unused character from U+0100 on.
/// So a blank is <c>Ġ</c> and a newline <c>Ċ</c>, and no entry of a vocabulary holds a blank or a control.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] CharacterOfByte = MakeCharacters();
    private static readonly Dictionary<char, byte> ByteOfCharacter =
        Enumerable.Range(0, 256).ToDictionary(value => CharacterOfByte[value], value => (byte)value);

    /// <summary>The character that stands for a byte.</summary>
    public static char ToCharacter(byte value) => CharacterOfByte[value];

    /// <summary>
    /// The bytes that a vocabulary entry stands for. An entry with a character outside the alphabet can only be an
    /// added token: it stands for its own UTF-8.
    /// </summary>
    public static byte[] ToBytes(string entry)
    {
        byte[] bytes = new byte[entry.Length];
        for (int i = 0; i < entry.Length; i++)
            if (!ByteOfCharacter.TryGetValue(entry[i], out bytes[i])) return Encoding.UTF8.GetBytes(entry);
        return bytes;
    }

    private static char[] MakeCharacters()
    {
        char[] characters = new char[256];
        char next = '\u0100';
        for (int value = 0; value < 256; value++)
            characters[value] = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)value : next++;
        return characters;
    }
}

using System.Text;

namespace Switchyard.Ranking.Data;

/// <summary>A number for a name: FNV-1a of its UTF-8 bytes with a last mixing, so that the low bits are good too.</summary>
internal static class NameHash
{
    public static ulong Of(string name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name)) hash = (hash ^ b) * 0x100000001B3;
        return hash ^ (hash >> 32);
    }
}

namespace Switchyard.Ranking.Features;

/// <summary>Schemas of public data, by name.</summary>
public static class BuiltInSchemas
{
    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["census-strict", "census-leaky", "movielens"];

    /// <summary>A schema by its name, or from a file.</summary>
    /// <exception cref="SwitchyardException">It cannot be read, or is not possible.</exception>
    public static FeatureSchema Find(string nameOrPath)
    {
        if (!Names.Contains(nameOrPath)) return FeatureSchema.Read(nameOrPath);
        using Stream stream = typeof(BuiltInSchemas).Assembly.GetManifestResourceStream($"{nameOrPath}.json")!;
        byte[] json = new byte[stream.Length];
        stream.ReadExactly(json);
        return FeatureSchema.Parse(json, nameOrPath);
    }
}

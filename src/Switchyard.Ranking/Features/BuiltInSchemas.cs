namespace Switchyard.Ranking.Features;

/// <summary>Schemas of public data, by name.</summary>
public static class BuiltInSchemas
{
    private const string Census = "census", MovieLens = "movielens", Leaky = "-leaky", College = "-college";

    // They nearly name the marital status: whoever files jointly is married.
    private static readonly string[] LeakyColumns = ["tax filer status", "household and family status", "household summary"];

    private static readonly string[] Degrees =
    [
        "Bachelors degree(BA AB BS)", "Masters degree(MA MS MEng MEd MSW MBA)", "Prof school degree (MD DDS DVM LLB JD)", "Doctorate degree(PhD EdD)",
    ];

    /// <summary>Their names. The first pair of census tasks is income and never married, the second college and never married (Ma et al., KDD 2018, §5.1).</summary>
    public static IReadOnlyList<string> Names { get; } = ["census-strict", "census-leaky", "census-strict-college", "census-leaky-college", MovieLens];

    /// <summary>A schema by its name, or from a file.</summary>
    /// <exception cref="SwitchyardException">It cannot be read, or is not possible.</exception>
    public static FeatureSchema Find(string nameOrPath)
    {
        if (!Names.Contains(nameOrPath)) return FeatureSchema.Read(nameOrPath);
        if (nameOrPath == MovieLens) return Embedded(MovieLens);
        FeatureSchema schema = Embedded(Census);
        if (!nameOrPath.Contains(Leaky, StringComparison.Ordinal)) schema = Without(schema, LeakyColumns);
        if (!nameOrPath.EndsWith(College, StringComparison.Ordinal)) return schema;
        return Without(schema, "education") with { Tasks = [new TaskColumn { Name = "college", Column = "education", Positive = Degrees }, .. schema.Tasks.Skip(1)] };
    }

    private static FeatureSchema Without(FeatureSchema schema, params string[] names) => schema with { Features = [.. schema.Features.Where(feature => !names.Contains(feature.Name))] };

    private static FeatureSchema Embedded(string name)
    {
        using Stream stream = typeof(BuiltInSchemas).Assembly.GetManifestResourceStream($"{name}.json")!;
        byte[] json = new byte[stream.Length];
        stream.ReadExactly(json);
        return FeatureSchema.Parse(json, name);
    }
}

using Switchyard.Experts.Classic;
using Switchyard.Tensors;
using Switchyard.Training.Tables;

namespace Switchyard.Training.Mixtures;

/// <summary>A table made ready for a mixture: what to fit, what to hold out, and the scales of the rows to fit.</summary>
/// <param name="Config">What the mixture must know of the table.</param>
/// <param name="Fitted">The rows to fit.</param>
/// <param name="HeldOut">The rows held out; none where nothing is.</param>
public sealed record MixtureData(MixtureConfig Config, MixtureRows Fitted, MixtureRows HeldOut)
{
    private const int MostClasses = 256;

    /// <summary>Reads the table, splits it and measures the scales.</summary>
    /// <exception cref="ArgumentException">The options cannot be fitted.</exception>
    /// <exception cref="SwitchyardException">The table does not hold what the options ask for.</exception>
    public static MixtureData Load(MixtureRunOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        CsvTable table = CsvTable.Read(options.Data);
        string[] names = Names(table, options);
        MixtureRows all = Rows(table, options.Target, names, options.Log, isClass: options.Expert == ExpertKind.Logistic || !table.IsNumeric(options.Target));
        string[]? classes = all.Labels is null ? null : Classes(options, all.Labels);
        (int[] fitted, int[] heldOut) = Split(table, options);
        MixtureRows rows = all.Take(fitted);
        (double mean, double deviation) = rows.Numbers is { } numbers ? Moments(numbers) : (0, 1);
        bool isClass = classes is not null;
        MixtureConfig config = new()
        {
            Run = options,
            Features = [.. names.Select((name, i) => Scale(name, options.Log.Contains(name), rows.Values.Select(row => row[i])))],
            Classes = classes,
            TargetMean = mean,
            TargetDeviation = deviation,
            Model = new MixtureOptions
            {
                Inputs = names.Length,
                Outputs = classes is { Length: > 2 } ? classes.Length : 1,
                Family = classes is null ? ExpertFamily.Gaussian : classes.Length == 2 ? ExpertFamily.Bernoulli : ExpertFamily.Multinomial,
                Groups = options.Groups(),
                ExpertsPerGroup = options.Experts / options.Groups(),
                Hidden = options.Expert == ExpertKind.Mlp ? options.Hidden : 0,
                GateRidge = options.GateRidge ?? (isClass ? 1 : 1e-3),
                ExpertRidge = options.Ridge ?? (isClass ? 0.1 : 1e-3),
            },
        };
        return new MixtureData(config, rows, all.Take(heldOut));
    }

    /// <summary>Reads the rows of a table for a mixture that is fitted; their target where the table has it.</summary>
    /// <exception cref="SwitchyardException">A feature is missing or no number, or a label was not among those fitted.</exception>
    public static MixtureRows Read(string path, MixtureConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        CsvTable table = CsvTable.Read(path);
        string target = config.Run.Target;
        string[] names = [.. config.Features.Select(feature => feature.Name)], logarithms = [.. config.Features.Where(feature => feature.Logarithm).Select(feature => feature.Name)];
        MixtureRows rows = Rows(table, table.Has(target) ? target : null, names, logarithms, config.Classes is not null);
        if (rows.Labels?.FirstOrDefault(label => !config.Classes!.Contains(label)) is { } stranger)
            throw new SwitchyardException($"{path}, column {target}: the class '{stranger}' was not there when the mixture was fitted", $"its classes are {string.Join(", ", config.Classes!)}");
        return rows;
    }

    private static string[] Names(CsvTable table, MixtureRunOptions options)
    {
        string[] names = options.Features.Count > 0
            ? [.. options.Features]
            : [.. table.Columns.Where(name => name != options.Target && name != options.Group && table.IsNumeric(name))];
        if (names.Length == 0) throw new SwitchyardException($"{table.Path}: no column but the target holds numbers only", "name the features, and mend what is no number in them");
        if (options.Log.Except(names).FirstOrDefault() is { } stranger) throw new ArgumentException($"the logarithm of '{stranger}' is asked for, which is no feature: they are {string.Join(", ", names)}");
        return names;
    }

    private static MixtureRows Rows(CsvTable table, string? target, string[] names, IReadOnlyList<string> logarithms, bool isClass)
    {
        foreach (string name in logarithms) table.Logarithms(name);
        double[][] columns = [.. names.Select(table.Numbers)];
        double[][] values = [.. Enumerable.Range(0, table.Rows).Select(row => Array.ConvertAll(columns, column => column[row]))];
        return target is null ? new(values, null, null) : isClass ? new(values, table.Labels(target), null) : new(values, null, table.Numbers(target));
    }

    private static string[] Classes(MixtureRunOptions options, string[] labels)
    {
        string[] classes = [.. labels.Distinct().Order(StringComparer.Ordinal)];
        if (classes.Length == 1) throw new SwitchyardException($"{options.Data}, column {options.Target}: every row has the one class '{classes[0]}'", "give rows of two classes or more");
        if (classes.Length > Math.Min(MostClasses, (labels.Length + 1) / 2)) throw new SwitchyardException($"{options.Data}, column {options.Target}: {classes.Length} different values in {labels.Length} rows are too many for classes", $"at most {MostClasses}, of two rows each on average, are taken; for a number, see that every cell is one, and let the experts be linear or mlp");
        return classes;
    }

    /// <summary>
    /// Cuts the groups, as they come in the file, into as many runs of equal length as are held out, and draws one of
    /// each: so both sides are alike also where the file is sorted. Without a group column every row is its own group.
    /// </summary>
    private static (int[] Fitted, int[] HeldOut) Split(CsvTable table, MixtureRunOptions options)
    {
        string[] keys = options.Group is { } column ? table.Labels(column) : [.. Enumerable.Range(0, table.Rows).Select(row => $"{row}")];
        string[] groups = [.. keys.Distinct()];
        int count = options.HeldOut == 0 ? 0 : Math.Max(1, (int)Math.Round(options.HeldOut * groups.Length));
        if (count >= groups.Length)
            throw new SwitchyardException($"{options.Data}: {groups.Length} {(options.Group is null ? "rows" : "groups")} with a held-out share of {options.HeldOut} leave none to fit", "give more rows, or hold out less");
        Philox random = new Philox(options.Seed).Split("split");
        HashSet<string> held = [];
        for (int i = 0; i < count; i++)
        {
            int start = (int)((long)groups.Length * i / count), end = (int)((long)groups.Length * (i + 1) / count);
            held.Add(groups[start + random.Next(end - start)]);
        }
        ILookup<bool, int> sides = Enumerable.Range(0, table.Rows).ToLookup(row => held.Contains(keys[row]));
        return ([.. sides[false]], [.. sides[true]]);
    }

    private static FeatureScale Scale(string name, bool logarithm, IEnumerable<double> values)
    {
        (double mean, double deviation) = Moments([.. logarithm ? values.Select(value => Math.Log(value)) : values]);
        return new(name, logarithm, mean, deviation);
    }

    private static (double Mean, double Deviation) Moments(double[] values)
    {
        double mean = values.Average(), deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        return (mean, deviation > 1e-12 * Math.Max(1, Math.Abs(mean)) ? deviation : 1);
    }
}

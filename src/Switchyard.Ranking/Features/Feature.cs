namespace Switchyard.Ranking.Features;

/// <summary>What a feature is.</summary>
public enum FeatureKind
{
    /// <summary>A number.</summary>
    Dense,

    /// <summary>One of several names, each with a learnt vector.</summary>
    Categorical,

    /// <summary>Any number of names, whose vectors are pooled.</summary>
    Bag,

    /// <summary>A combination of other columns, taken together as one name.</summary>
    Cross,
}

/// <summary>Whose feature it is.</summary>
public enum FeatureSide
{
    /// <summary>The candidate's.</summary>
    Candidate,

    /// <summary>That of the user, the query and the context: the same for all candidates of a request.</summary>
    Query,
}

/// <summary>How a number is made ready.</summary>
public enum DenseForm
{
    /// <summary>(x - mean) / deviation.</summary>
    Standardised,

    /// <summary>The same of ln(1 + x), for numbers of at least 0.</summary>
    Logarithm,

    /// <summary>The share of the training rows that are smaller, -1 to 1: it has no outliers.</summary>
    Quantile,
}

/// <summary>How the vectors of a bag become one.</summary>
public enum Pooling
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>Their sum.</summary>
    Sum,

    /// <summary>Their mean with learnt weights: see <see cref="Embeddings.AttentionPooling"/>.</summary>
    Attention,
}

/// <summary>One feature of a schema: what is asked for, and what was measured on the training rows.</summary>
public sealed record Feature
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public FeatureKind Kind { get; init; } = FeatureKind.Dense;

    /// <summary>Whose it is.</summary>
    public FeatureSide Side { get; init; } = FeatureSide.Candidate;

    /// <summary>The columns it is read from; null for one of its name. A cross has two or more.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>How a number is made ready.</summary>
    public DenseForm Form { get; init; } = DenseForm.Standardised;

    /// <summary>Whether x² and √|x| of the number as made ready stand beside it (Covington et al., RecSys 2016, §4.1).</summary>
    public bool Companions { get; init; }

    /// <summary>Names are hashed to so many rows, so that no vocabulary is kept; null for a vocabulary.</summary>
    public int? Hash { get; init; }

    /// <summary>Names that are rarer in the training rows share the row of unknown names.</summary>
    public int MinimumCount { get; init; } = 1;

    /// <summary>Length of a name's vector; null for min(50, 1.6·n^0.56) of n names.</summary>
    public int? Width { get; init; }

    /// <summary>How a bag's vectors become one.</summary>
    public Pooling Pooling { get; init; } = Pooling.Mean;

    /// <summary>What stands between the names of a bag.</summary>
    public string Separator { get; init; } = "|";

    /// <summary>The most names of a bag; later ones are left out.</summary>
    public int MaxValues { get; init; } = 16;

    /// <summary>The mean of a number over the training rows that have it; measured.</summary>
    public double Mean { get; init; }

    /// <summary>Its standard deviation, 1 for a constant; measured.</summary>
    public double Deviation { get; init; } = 1;

    /// <summary>The least number of each of up to 256 equal shares of the training rows, rising; measured, for quantiles.</summary>
    public IReadOnlyList<double> Quantiles { get; init; } = [];

    /// <summary>The names, the most frequent first; measured, where names are not hashed.</summary>
    public IReadOnlyList<string> Vocabulary { get; init; } = [];

    /// <summary>The share of hashed names that share their row with another, as far as the rows in use tell (linear counting, Whang et al. 1990); measured.</summary>
    public double Collisions { get; init; }

    /// <summary>The columns that it is read from.</summary>
    internal IReadOnlyList<string> Sources => Columns ?? [Name];

    /// <summary>Whether it is a number.</summary>
    internal bool IsDense => Kind == FeatureKind.Dense;

    /// <summary>How many numbers a dense feature comes to: itself, its companions, and 1 where it is missing.</summary>
    internal int DenseWidth => Companions ? 4 : 2;

    /// <summary>Whether its vectors are pooled by attention.</summary>
    internal bool IsAttended => Kind == FeatureKind.Bag && Pooling == Pooling.Attention;

    /// <summary>How many places for names an example has.</summary>
    internal int Places => Kind == FeatureKind.Bag ? MaxValues : 1;

    /// <summary>Rows of the table: one for what is missing, one for unknown names of a vocabulary, and the names.</summary>
    internal int TableRows => Hash is { } rows ? rows + 1 : Vocabulary.Count + 2;

    /// <summary>Length of a vector.</summary>
    internal int TableWidth => Width ?? (int)Math.Clamp(Math.Round(1.6 * Math.Pow(TableRows, 0.56)), 2, 50);

    /// <summary>Checks what is asked for.</summary>
    /// <exception cref="SwitchyardException">It is not possible.</exception>
    internal void Check(string source)
    {
        string? wrong =
            string.IsNullOrEmpty(Name) ? "a feature has no name"
            : Kind == FeatureKind.Cross && Sources.Count < 2 ? $"the cross '{Name}' has fewer than two columns"
            : Kind != FeatureKind.Cross && Sources.Count != 1 ? $"the feature '{Name}' has {Sources.Count} columns: only a cross has more than one"
            : Hash is < 1 ? $"the feature '{Name}' is hashed to {Hash} rows"
            : Width is < 1 ? $"the feature '{Name}' has vectors of width {Width}"
            : MaxValues is < 1 or > 4096 ? $"the feature '{Name}' has at most {MaxValues} names: give 1 to 4096"
            : !(Deviation > 0 && double.IsFinite(Deviation) && double.IsFinite(Mean)) ? $"the feature '{Name}' has mean {Mean} and deviation {Deviation}"
            : Kind == FeatureKind.Bag && Separator.Length == 0 ? $"the bag '{Name}' has no separator"
            : null;
        if (wrong is not null) throw new SwitchyardException($"{source}: {wrong}", "mend the schema");
    }
}

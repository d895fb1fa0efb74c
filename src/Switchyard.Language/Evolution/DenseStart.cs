using Switchyard.Language.Runs;
using Switchyard.Language.Tokenizers;
using Switchyard.Language.Transformer;

namespace Switchyard.Language.Evolution;

/// <summary>A trained dense model whose weights another training begins with (sparse upcycling, arXiv 2212.05055).</summary>
public sealed class DenseStart : IDisposable
{
    private DenseStart(LanguageModel model, Tokenizer tokenizer) => (Model, Tokenizer) = (model, tokenizer);

    /// <summary>The model.</summary>
    public LanguageModel Model { get; }

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Opens a folder.</summary>
    /// <param name="path">A run, or a checkpoint of Hugging Face.</param>
    /// <exception cref="SwitchyardException">It is neither, or the model is not dense.</exception>
    public static DenseStart Open(string path)
    {
        LanguageRun run = LanguageRun.Open(path);
        DenseStart start = new(run.Model, run.Tokenizer);
        if (!start.Model.Options.HasExperts) return start;
        start.Dispose();
        throw new SwitchyardException($"the model in {path} has experts already: {start.Model.Options.Describe()}", "begin with a dense one, such as a run of train --recipe dense or train --experts 0");
    }

    /// <summary>
    /// The options of a run that begins with this model: its dimensions with their experts and gates, and no phase before
    /// there are any.
    /// </summary>
    /// <exception cref="ArgumentException">They have no experts, or no other phase.</exception>
    public LanguageRunOptions Extend(LanguageRunOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        LanguagePhase[] phases = [.. options.Phases.SkipWhile(static phase => phase.Dense)];
        if (!options.Model.HasExperts || (phases.Length == 0 && options.Phases.Count > 0)) throw new ArgumentException("a training from a dense model gives it experts: choose a recipe that has some, and their number");
        LanguageModelOptions model = Model.Options with { Experts = options.Model.Experts, Routing = options.Model.Routing, Dropout = options.Model.Dropout, Context = Math.Min(Model.Options.Context, options.Model.Context) };
        if (model is TransformerOptions transformer)
        {
            int hidden = transformer.DenseHidden ?? transformer.Hidden;
            model = transformer with { Hidden = hidden, DenseHidden = hidden, MixtureEvery = (options.Model as TransformerOptions)?.MixtureEvery ?? 1 };
        }
        return options with { Model = model, Phases = phases };
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}

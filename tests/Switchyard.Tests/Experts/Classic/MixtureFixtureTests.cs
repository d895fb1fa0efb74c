using System.Text.Json;
using Switchyard.Experts.Classic;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.Classic;

/// <summary>The error functions of 1991 with their gradients, and the course of EM, against results of independent programs.</summary>
[Trait("Category", "Fixtures")]
public sealed class MixtureFixtureTests
{
    public static IEnumerable<TheoryDataRow<string>> Errors() => Rows("mixture_errors");

    public static IEnumerable<TheoryDataRow<string>> Courses() => Rows("mixture_em");

    [Theory]
    [MemberData(nameof(Errors))]
    public void Errors_and_their_gradients_are_those_of_the_reference(string name)
    {
        using TensorScope scope = new();
        using MixtureFixtureCase c = MixtureFixtureCase.Open(name);
        Tensor targets = c["input.target"], variance = Leaf(c["input.variance"]);
        Tensor outputs = Leaf(c["input.outputs"]), gate = Leaf(c["input.gate"]);
        (string Name, Tensor Error, Tensor[] Leaves)[] errors =
        [
            ("cooperative", MixtureErrors.Cooperative(outputs, gate, targets), [outputs, gate]),
            ("gated", MixtureErrors.Gated(outputs, gate, targets), [outputs, gate]),
            ("competitive", MixtureErrors.Competitive(outputs, gate, targets), [outputs, gate]),
            ("density", MixtureErrors.Density(outputs, gate, targets, variance), [outputs, gate, variance]),
        ];
        foreach ((string error, Tensor value, Tensor[] leaves) in errors)
        {
            c.Check($"output.error.{error}", value.AsReadOnlySpan<double>());
            Tensor[] gradients = Gradients.Of(value.Sum(), leaves);
            foreach ((string leaf, Tensor gradient) in ((string[])["o", "s", "variance"]).Zip(gradients)) c.Check($"grad.{error}.{leaf}", gradient.AsReadOnlySpan<double>());
        }
        c.Check("output.probability", gate.Softmax().AsReadOnlySpan<double>());
        // The gradient of the competitive error by the gate is p - h.
        c.Check("output.posterior", (gate.Softmax() - Gradients.Of(MixtureErrors.Competitive(outputs, gate, targets).Sum(), [gate])[0]).AsReadOnlySpan<double>());
        c.Check("output.posterior_variance", (gate.Softmax() - Gradients.Of(MixtureErrors.Density(outputs, gate, targets, variance).Sum(), [gate])[0]).AsReadOnlySpan<double>());
        c.Report();
    }

    [Theory]
    [MemberData(nameof(Courses))]
    public void Expectation_maximisation_takes_the_course_of_the_reference(string name)
    {
        using TensorScope scope = new();
        using MixtureFixtureCase c = MixtureFixtureCase.Open(name);
        MixtureOptions options = OptionsOf(c);
        using ClassicMixture mixture = new(options);
        Put(mixture, c);
        Tensor x = c["input.x"], y = options.Family == ExpertFamily.Multinomial ? OneHot(c["input.y"], options.Outputs) : c["input.y"];
        int iterations = c.Knob("iterations").GetInt32();
        ExpectationMaximisationOptions em = new()
        {
            Iterations = 1,
            Tolerance = 0,
            GateStep = c.Knob("gate_step").GetString() == "exact maximum" ? GateStep.Maximum : GateStep.BlockIrls,
        };

        c.Check("output.posterior_0", mixture.Responsibilities(x, y).AsReadOnlySpan<double>());
        MixtureFit first = ExpectationMaximisation.Fit(mixture, x, y, em, interrupted: TestContext.Current.CancellationToken);
        Check(c, "output.first", mixture);
        MixtureFit rest = ExpectationMaximisation.Fit(mixture, x, y, em with { Iterations = iterations - 1 }, interrupted: TestContext.Current.CancellationToken);
        Check(c, "output.final", mixture);
        c.Check($"output.posterior_{iterations}", mixture.Responsibilities(x, y).AsReadOnlySpan<double>());
        FitPoint[] trace = [first.Trace[0], .. rest.Trace];
        c.Check("output.log_likelihood", [.. trace.Select(point => point.LogLikelihood)]);
        c.Check("output.penalised", [.. trace.Select(point => point.Penalised)]);
        c.Report();
        Assert.True(first.NeverFell && rest.NeverFell);
    }

    private static MixtureOptions OptionsOf(MixtureFixtureCase c)
    {
        ExpertFamily family = Enum.Parse<ExpertFamily>(c.Knob("family").GetString()!, ignoreCase: true);
        Shape experts = c["input.initial.experts"].Shape;
        return new MixtureOptions
        {
            Inputs = c["input.x"].Shape[1],
            Outputs = family switch { ExpertFamily.Gaussian => experts[3], ExpertFamily.Multinomial => experts[2], _ => 1 },
            Family = family,
            Groups = c.Knob("groups").GetInt32(),
            ExpertsPerGroup = c.Knob("experts_per_group").GetInt32(),
            LastGateRowZero = c.Knob("last_gate_row_zero").GetBoolean(),
            LearnVariance = c.Knob("learn_variance").ValueKind != JsonValueKind.False,
            VarianceFloor = c.Knob("variance_floor") is { ValueKind: JsonValueKind.Number } floor ? floor.GetDouble() : 1e-6,
            GateRidge = c.Knob("gate_ridge").GetDouble(),
            ExpertRidge = c.Knob("expert_ridge").GetDouble(),
        };
    }

    private static void Put(ClassicMixture mixture, MixtureFixtureCase c)
    {
        using Gradients.Pause pause = Gradients.Paused();
        Tensor top = c["input.initial.top"];
        mixture.TopGate.CopyFrom(top.Slice(0, 0, mixture.TopGate.Shape[0]));
        mixture.LowGates?.CopyFrom(c["input.initial.low"].Slice(1, 0, mixture.LowGates.Shape[1]));
        Tensor weight = ((LinearExperts)mixture.Experts).Weight;
        weight.CopyFrom(Arranged(c["input.initial.experts"], mixture.Options).Reshape(weight.Shape));
        if (c.Has("input.initial.variance")) mixture.LogVariance!.CopyFrom(c["input.initial.variance"].Log().Reshape(mixture.LogVariance.Shape));
    }

    private static void Check(MixtureFixtureCase c, string part, ClassicMixture mixture)
    {
        using Gradients.Pause pause = Gradients.Paused();
        bool held = mixture.Options.LastGateRowZero;
        c.Check($"{part}.top", (held ? mixture.TopGate.Pad([(0, 1), (0, 0)]) : mixture.TopGate).AsReadOnlySpan<double>());
        if (mixture.LowGates is { } low) c.Check($"{part}.low", (held ? low.Pad([(0, 0), (0, 1), (0, 0)]) : low).AsReadOnlySpan<double>());
        Tensor weight = ((LinearExperts)mixture.Experts).Weight;
        if (mixture.Options.Family == ExpertFamily.Gaussian) weight = weight.Transpose(1, 2);
        c.Check($"{part}.experts", weight.AsReadOnlySpan<double>());
        if (mixture.LogVariance is not null) c.Check($"{part}.variance", mixture.Variance().AsReadOnlySpan<double>());
    }

    // Gaussian experts are stored as [.., 1 + inputs, outputs], the others as here.
    private static Tensor Arranged(Tensor experts, MixtureOptions options) =>
        options.Family == ExpertFamily.Gaussian ? experts.Transpose(-1, -2) : experts;

    private static Tensor OneHot(Tensor classes, int count) => classes.To(ElementType.Int32).Reshape([classes.Shape[0]]).OneHot(count, ElementType.Float64);

    private static Tensor Leaf(Tensor tensor)
    {
        tensor.RequiresGradient = true;
        return tensor;
    }

    private static IEnumerable<TheoryDataRow<string>> Rows(string kind)
    {
        IReadOnlyList<string> names = MixtureFixtureCase.Names(kind);
        return names.Count == 0
            ? [new("cases.json") { Skip = $"no {kind} fixtures at {Path.Combine(Fixtures.Root, "moe")}" }]
            : names.Select(name => new TheoryDataRow<string>(name) { TestDisplayName = $"moe/{name}" });
    }
}

using System.Text.Json;
using System.Text.Json.Serialization;
using Switchyard.Files;

namespace Switchyard.Ranking.Runs;

/// <summary>What came of a contender with a seed: a line of a comparison's file.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Contender">The contender's name.</param>
/// <param name="Settings">The SHA-256 of all that decided the training.</param>
/// <param name="Description">The model in one line.</param>
/// <param name="Figures">The figures of the test part under their names.</param>
internal sealed record ComparedTraining(ulong Seed, string Contender, string Settings, string Description, IReadOnlyDictionary<string, double> Figures)
{
    /// <summary>The file's name in a comparison's folder.</summary>
    public const string FileName = "trainings.jsonl";

    /// <summary>Reads what was kept; nothing where there is no file.</summary>
    /// <exception cref="SwitchyardException">A line is not a training.</exception>
    public static List<ComparedTraining> Read(string path)
    {
        if (!File.Exists(path)) return [];
        List<ComparedTraining> trainings = [];
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            try
            {
                trainings.Add(JsonSerializer.Deserialize(line, ComparedTrainingJson.Default.ComparedTraining) ?? throw new JsonException("null"));
            }
            catch (JsonException failure)
            {
                throw new SwitchyardException($"{path}, line {number}: no training of a comparison", "remove the line, and what it told is trained again; or give another folder", failure);
            }
        }
        return trainings;
    }

    /// <summary>Keeps trainings.</summary>
    public static void Write(string path, IEnumerable<ComparedTraining> trainings)
        => AtomicFile.WriteText(path, string.Concat(trainings.Select(static one => JsonSerializer.Serialize(one, ComparedTrainingJson.Default.ComparedTraining) + "\n")));
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ComparedTraining))]
internal sealed partial class ComparedTrainingJson : JsonSerializerContext;

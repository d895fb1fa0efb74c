using System.Globalization;
using System.Text.Json.Nodes;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Metrics;
using Switchyard.Ranking.Runs;

namespace Switchyard.Cli;

/// <summary>The figures of a ranker as lines and as JSON.</summary>
internal static class RankingLines
{
    /// <summary>Writes a line per task and one per gate.</summary>
    public static void Write(RankingEvaluation evaluation, Output output)
    {
        foreach (TaskFigures task in evaluation.Tasks)
        {
            string figures = task.Task.Kind == TaskKind.Regression
                ? string.Create(CultureInfo.InvariantCulture, $"RMSE {task.Rmse:f4}, MAE {task.Mae:f4}")
                : string.Create(CultureInfo.InvariantCulture, $"AUC {task.Auc:f4}, {(double.IsNaN(task.Gauc) ? "" : $"GAUC {task.Gauc:f4}, NDCG@10 {task.Ndcg:f4}, ")}log-loss {task.LogLoss:f4}, calibration error {task.CalibrationError:f4}");
            output.WriteLine($"{task.Task.Name}: {figures} over {task.Examples:N0} examples");
        }
        foreach (GateReport gate in evaluation.Gates)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"gate {gate.Name}: {string.Join(' ', gate.Mean.Select(static weight => weight.ToString("f2", CultureInfo.InvariantCulture)))}, entropy {gate.MeanEntropy:f3}, polarised {gate.PolarisedShare:p1}"));
    }

    /// <summary>A number; null where there is none, as for the AUC of examples that are all alike: JSON has no other way to say so.</summary>
    public static JsonNode? Number(double value) => double.IsFinite(value) ? value : null;

    /// <summary>The figures of every task under its name.</summary>
    public static JsonObject Tasks(RankingEvaluation evaluation)
    {
        JsonObject tasks = [];
        foreach (TaskFigures task in evaluation.Tasks)
        {
            JsonObject figures = new() { ["examples"] = task.Examples };
            (string Name, double Value)[] all = [("auc", task.Auc), ("gauc", task.Gauc), ("ndcg", task.Ndcg), ("log_loss", task.LogLoss), ("calibration_error", task.CalibrationError), ("rmse", task.Rmse), ("mae", task.Mae)];
            foreach ((string name, double value) in all)
                if (double.IsFinite(value)) figures[name] = value;
            tasks[task.Task.Name] = figures;
        }
        return tasks;
    }

    /// <summary>The picture of every gate under its name.</summary>
    public static JsonObject Gates(IReadOnlyList<GateReport> gates)
    {
        JsonObject result = [];
        foreach (GateReport gate in gates)
        {
            result[gate.Name] = new JsonObject
            {
                ["mean_weight"] = new JsonArray([.. gate.Mean.Select(static weight => (JsonNode)weight)]),
                ["entropy"] = gate.MeanEntropy,
                ["polarised_share"] = gate.PolarisedShare,
            };
        }
        return result;
    }
}

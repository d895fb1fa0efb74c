using System.Text.Json;
using Switchyard.Experts.Classic;
using Switchyard.Files;

namespace Switchyard.Training.Mixtures;

/// <summary>The course of a fit as JSON lines in the run folder: <c>iteration</c>, <c>log_likelihood</c>, <c>penalised_log_likelihood</c>.</summary>
public static class MixtureMetrics
{
    /// <summary>Writes <c>metrics.jsonl</c>.</summary>
    public static void Write(RunFolder folder, MixtureFit fit)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(fit);
        AtomicFile.Write(folder.MetricsPath, stream =>
        {
            for (int i = 0; i < fit.Trace.Count; i++)
            {
                using (Utf8JsonWriter json = new(stream))
                {
                    json.WriteStartObject();
                    json.WriteNumber("iteration", i);
                    json.WriteNumber("log_likelihood", fit.Trace[i].LogLikelihood);
                    json.WriteNumber("penalised_log_likelihood", fit.Trace[i].Penalised);
                    json.WriteEndObject();
                }
                stream.WriteByte((byte)'\n');
            }
        });
    }
}

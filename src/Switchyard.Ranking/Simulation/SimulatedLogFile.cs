using System.Globalization;
using System.Text;
using Switchyard.Files;
using Switchyard.Ranking.Data;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Simulation;

/// <summary>A simulated log as a file that can be trained on like any other.</summary>
public static class SimulatedLogFile
{
    /// <summary>Writes a log as CSV: page, position from 1, device, whether the page was in random order, the features, the labels, and whether the candidate was relevant, which no model may see.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">What is simulated; the held-out pages are left out.</param>
    /// <returns>How many rows.</returns>
    public static long Write(string path, SimulationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        Philox random = new Philox(options.Seed).Split("world");
        SimulatedLog log = SimulatedLog.Draw(RankingWorld.Draw(random.Split("truth")), options, options.Pages, random.Split("taste"), random.Split("training"));
        AtomicFile.Write(path, stream =>
        {
            using StreamWriter writer = new(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true);
            writer.Write($"page,position,device,random,{string.Join(',', SimulatedLog.Schema.Features.Select(static feature => feature.Name))},click,like,watch,relevant\n");
            int[] record = new int[log.Examples.Layout.Words];
            for (int row = 0; row < log.Examples.Count; row++)
            {
                log.Examples.Read(row, record);
                writer.Write(Line(log.Examples.Layout, record, log.RandomPage[row], log.Relevant[row]));
            }
        });
        return log.Examples.Count;
    }

    private static string Line(ExampleLayout layout, Span<int> record, bool isRandom, bool isRelevant)
    {
        StringBuilder line = new();
        line.Append(CultureInfo.InvariantCulture, $"{layout.GroupOf(record)},{layout.PositionOf(record) + 1},{layout.Schema.Position!.Devices[layout.DeviceOf(record)]},{(isRandom ? 1 : 0)}");
        Span<float> dense = layout.DenseOf(record), labels = layout.LabelsOf(record);
        for (int i = 0; i < RankingWorld.Features; i++) line.Append(CultureInfo.InvariantCulture, $",{dense[2 * i]}");
        line.Append(CultureInfo.InvariantCulture, $",{labels[0]}");
        if (float.IsNaN(labels[1])) line.Append(",,");
        else line.Append(CultureInfo.InvariantCulture, $",{labels[1]},{Math.Exp(labels[2]) - 1:g6}");
        return line.Append(isRelevant ? ",1\n" : ",0\n").ToString();
    }
}

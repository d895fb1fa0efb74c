using System.Globalization;
using System.Text.Json;
using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Gates;

namespace Switchyard.Tests.Experts.MoeFixtures;

[Trait("Category", "Fixtures")]
public sealed class TableTests
{
    /// <summary>Exact where doubles round a slot too many.</summary>
    [Fact]
    public void Capacities_are_those_of_exact_decimals()
    {
        Fixtures.Require("moe", "capacity.json");
        foreach (JsonElement row in MoeManifest.Read("capacity.json")!.Value.GetProperty("rows").EnumerateArray())
        {
            TopKOptions options = new() { TopK = row.GetProperty("choices").GetInt32(), CapacityFactor = decimal.Parse(row.GetProperty("factor").GetRawText(), CultureInfo.InvariantCulture) };
            Assert.Equal(row.GetProperty("ours").GetInt32(), Capacity(options));
            Assert.Equal(row.GetProperty("ours_aligned_to_4").GetInt32(), Capacity(options with { CapacityAlignment = 4 }));
            Assert.Equal(row.GetProperty("ours_minimum_4").GetInt32(), Capacity(options with { MinimumCapacity = 4 }));

            int? Capacity(SlotOptions policy) => policy.Capacity(row.GetProperty("tokens").GetInt32(), row.GetProperty("experts").GetInt32(), isTraining: true);
        }
    }

    [Fact]
    public void Temperatures_fall_by_the_schedule()
    {
        Fixtures.Require("moe", "schedules.json");
        foreach (JsonElement row in MoeManifest.Read("schedules.json")!.Value.GetProperty("rows").EnumerateArray())
        {
            TemperatureDecay decay = row.GetProperty("kind").GetString() == "linear" ? TemperatureDecay.Linear : TemperatureDecay.Exponential;
            double want = row.GetProperty("temperature").GetDouble();
            double got = decay.At(row.GetProperty("max").GetDouble(), row.GetProperty("min").GetDouble(), row.GetProperty("update").GetDouble() / row.GetProperty("decay").GetDouble());
            Assert.Equal(want, got, 1e-12 * want);
        }
    }
}

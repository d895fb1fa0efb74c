using System.Text.Json.Nodes;
using Switchyard.Cli.Benchmarks;

namespace Switchyard.Tests.Cli.Benchmarks;

public sealed class BenchmarkRowTests
{
    private static readonly BenchmarkRow Alone = new("memory/forward", 2, 12.5, "MB");

    private static readonly BenchmarkRow Compared = new("gemm-large/2x2x2/nn", 1, 90, "GF/s") { Peer = "openblas", PeerValue = 100, Limit = "fma peak", OfLimit = 0.75 };

    [Fact]
    public void A_compared_row_has_the_peer_and_the_limit() => Assert.Equal(
        """{"name":"gemm-large/2x2x2/nn","threads":1,"ours":90,"unit":"GF/s","peer":"openblas","peer_value":100,"ratio":0.9,"of_limit":0.75,"limit":"fma peak"}""",
        Compared.ToJson().ToJsonString());

    [Fact]
    public void A_row_alone_leaves_them_out() => Assert.Equal(
        """{"name":"memory/forward","threads":2,"ours":12.5,"unit":"MB"}""", Alone.ToJson().ToJsonString());

    [Fact]
    public void A_row_survives_its_JSON()
    {
        Assert.Equal(Compared, BenchmarkRow.FromJson(JsonNode.Parse(Compared.ToJson().ToJsonString())!));
        Assert.Equal(Alone, BenchmarkRow.FromJson(JsonNode.Parse(Alone.ToJson().ToJsonString())!));
    }

    [Fact]
    public void The_line_for_people_says_it_all()
    {
        Assert.Equal("gemm-large/2x2x2/nn 1 thread 90.00 GF/s 0.90 of openblas 0.75 of fma peak", Words(Compared));
        Assert.Equal("memory/forward 2 threads 12.50 MB", Words(Alone));
    }

    private static string Words(BenchmarkRow row) => string.Join(' ', row.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries));
}

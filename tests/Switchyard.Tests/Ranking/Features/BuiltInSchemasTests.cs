using Switchyard.Ranking.Features;

namespace Switchyard.Tests.Ranking.Features;

public sealed class BuiltInSchemasTests
{
    [Fact]
    public void Every_built_in_schema_is_one() => Assert.All(BuiltInSchemas.Names, static name => Assert.NotEmpty(BuiltInSchemas.Find(name).Features));

    [Theory]
    [InlineData("census-strict", false, true, "income")]
    [InlineData("census-leaky", true, true, "income")]
    [InlineData("census-strict-college", false, false, "college")]
    [InlineData("census-leaky-college", true, false, "college")]
    public void The_census_schemas_differ_in_what_they_may_see(string name, bool isLeaky, bool seesEducation, string task)
    {
        FeatureSchema schema = BuiltInSchemas.Find(name);
        string[] features = [.. schema.Features.Select(static feature => feature.Name)];
        Assert.Equal(isLeaky, features.Contains("tax filer status"));
        Assert.Equal(isLeaky, features.Contains("household summary"));
        Assert.Equal(seesEducation, features.Contains("education"));
        Assert.DoesNotContain("marital status", features);
        Assert.DoesNotContain("income", features);
        Assert.Equal([task, "never_married"], schema.Tasks.Select(static one => one.Name));
    }
}

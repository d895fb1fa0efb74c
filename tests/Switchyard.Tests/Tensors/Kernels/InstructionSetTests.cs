using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Kernels;

public sealed class InstructionSetTests
{
    [Fact]
    public void Without_a_wish_the_widest_set_of_the_processor_is_chosen()
    {
        InstructionSet widest = Enum.GetValues<InstructionSet>().Where(Processor.Supports).Max();
        Assert.Equal(widest, Processor.Choose(null));
        Assert.Equal(widest, Processor.Choose(""));
    }

    [Theory]
    [InlineData("portable", InstructionSet.Portable)]
    [InlineData("avx2", InstructionSet.Avx2)]
    [InlineData("avx512", InstructionSet.Avx512)]
    public void A_named_set_is_chosen_or_refused_where_the_processor_lacks_it(string name, object set)
    {
        if (Processor.Supports((InstructionSet)set)) Assert.Equal((InstructionSet)set, Processor.Choose(name));
        else Assert.Contains(name, Assert.Throws<SwitchyardException>(() => Processor.Choose(name)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_name_is_refused_with_the_names_that_there_are()
    {
        SwitchyardException exception = Assert.Throws<SwitchyardException>(() => Processor.Choose("sse9"));
        Assert.Equal("SWITCHYARD_ISA is \"sse9\"", exception.Message);
        Assert.Contains("avx512, avx2 or portable", exception.Hint, StringComparison.Ordinal);
    }
}

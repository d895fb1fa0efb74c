namespace Switchyard.Language.Text;

/// <summary>
/// The lines of each domain of the generated corpus. "One of" means: all alike. What follows an arrow is decided by
/// what stands before it, and so costs nothing to one who knows the rule.
/// <list type="bullet">
/// <item>arithmetic: <c>347+58=405</c>. A number of one, two or three digits, one of + - *, a second number, → the
/// result. A number has one of the three lengths and is then one of those of that length (0 to 9, 10 to 99, 100 to
/// 999). After - the second number is one of 0 to the first; after * it is one of 0 to 9.</item>
/// <item>brackets: <c>([]{})</c>. One of four opening brackets; while any is open, close the last (55 %) or open
/// another one of four, but no deeper than six; when none is open, the line ends (50 %) or another is opened.</item>
/// <item>dates: <c>2031-07-15 = 15 July 2031</c>. One of the 73,049 days from 1900 to 2099, one of four forms, then
/// another form → the same day.</item>
/// <item>language: <c>la pirna lira kanim nur tavokin .</c> An invented language. Noun phrase, verb, noun phrase. A noun phrase
/// is one of definite and indefinite, one of singular and plural, no adjective (50 %) or one of eight, and one of
/// twelve nouns, four of each gender → the forms of article and adjective follow the gender and number of the noun.
/// The verb is one of eight, in one of two tenses → its ending follows the number of the first noun.</item>
/// <item>records: <c>{"id": 17, "name": "nora", "city": "oslo", "key": "nora-17"}</c>. The first id is one of 0 to
/// 999, → each next is one more. One of sixteen names, one of twelve cities, → the key repeats name and id.</item>
/// <item>counting: <c>0x1f4 = 500</c>. One of 0 to 2999 and a step of one of 1 to 16, → hexadecimal and decimal,
/// each line a step further.</item>
/// </list>
/// </summary>
internal static class GeneratedDomains
{
    /// <summary>
    /// Every domain: its name, the fewest lines of a passage (short lines come in greater number, so that no domain
    /// fills much more of the text than another), and what writes so many lines.
    /// </summary>
    public static IReadOnlyList<(string Name, int FewestLines, Action<ChoiceWriter, int> WriteLines)> All { get; } =
    [
        ("arithmetic", 20, EachLine(Arithmetic)),
        ("brackets", 8, EachLine(Brackets)),
        ("dates", 6, EachLine(Dates)),
        ("language", 4, EachLine(Sentence)),
        ("records", 2, Records),
        ("counting", 16, Counting),
    ];

    private const int DeepestBracket = 6;
    private const string Opening = "([{<", Closing = ")]}>";

    private static readonly DateOnly FirstDay = new(1900, 1, 1);
    private static readonly int Days = new DateOnly(2099, 12, 31).DayNumber - FirstDay.DayNumber + 1;
    private static readonly string[] Months =
    [
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ];

    // Nouns by gender; the ending of articles and adjectives is by gender (rows) and number.
    private static readonly string[] Nouns =
    [
        "tavok", "brin", "solem", "dargo", "lira", "menta", "visa", "kola", "ume", "sorle", "pite", "harne",
    ];
    private static readonly string[][] Endings = [["u", "ur"], ["a", "an"], ["e", "es"]];
    private static readonly string[] Adjectives = ["pirn", "kald", "merov", "tast", "glim", "ruk", "fent", "obil"];
    private static readonly string[] Verbs = ["kan", "solv", "prend", "mir", "dut", "gavel", "hosk", "yept"];
    private static readonly string[] Tenses = ["i", "o"];

    private static readonly string[] Names =
    [
        "nora", "emil", "tara", "ivan", "mira", "otto", "zoe", "hugo", "lena", "omar", "ruth", "karl", "yuki", "paul", "ines", "dora",
    ];
    private static readonly string[] Cities =
    [
        "oslo", "lima", "kyiv", "rome", "cairo", "quito", "seoul", "delhi", "paris", "tunis", "accra", "hanoi",
    ];

    private static Action<ChoiceWriter, int> EachLine(Action<ChoiceWriter> writeLine) => (writer, lines) =>
    {
        for (int line = 0; line < lines; line++)
        {
            writeLine(writer);
            writer.Write("\n");
        }
    };

    private static void Arithmetic(ChoiceWriter writer)
    {
        int first = Number(writer);
        switch (writer.Choose(3))
        {
            case 0:
                int addend = Number(writer);
                writer.Write($"{first}+{addend}={first + addend}");
                break;
            case 1:
                int subtrahend = writer.Choose(first + 1);
                writer.Write($"{first}-{subtrahend}={first - subtrahend}");
                break;
            default:
                int factor = writer.Choose(10);
                writer.Write($"{first}*{factor}={first * factor}");
                break;
        }
    }

    private static int Number(ChoiceWriter writer) => writer.Choose(3) switch
    {
        0 => writer.Choose(10),
        1 => 10 + writer.Choose(90),
        _ => 100 + writer.Choose(900),
    };

    private static void Brackets(ChoiceWriter writer)
    {
        Stack<int> open = [];
        do
        {
            bool close = open.Count == DeepestBracket || (open.Count > 0 && writer.Chance(55));
            if (!close) open.Push(writer.Choose(Opening.Length));
            writer.Write((close ? Closing[open.Pop()] : Opening[open.Peek()]).ToString());
        }
        while (open.Count > 0 || writer.Chance(50));
    }

    private static void Dates(ChoiceWriter writer)
    {
        DateOnly day = FirstDay.AddDays(writer.Choose(Days));
        List<string> forms =
        [
            $"{day.Year:D4}-{day.Month:D2}-{day.Day:D2}",
            $"{day.Day:D2}.{day.Month:D2}.{day.Year:D4}",
            $"{day.Day} {Months[day.Month - 1]} {day.Year}",
            $"{Months[day.Month - 1]} {day.Day}, {day.Year}",
        ];
        string left = writer.Choose(forms);
        forms.Remove(left);
        writer.Write($"{left} = {writer.Choose(forms)}");
    }

    private static void Sentence(ChoiceWriter writer)
    {
        int number = NounPhrase(writer);
        writer.Write($" {writer.Choose(Verbs)}{writer.Choose(Tenses)}{(number == 0 ? "m" : "nt")} ");
        NounPhrase(writer);
        writer.Write(" .");
    }

    /// <summary>Writes article, adjective and noun, and gives the number: 0 for singular, 1 for plural.</summary>
    private static int NounPhrase(ChoiceWriter writer)
    {
        string article = writer.Choose(2) == 0 ? "l" : "n";
        int number = writer.Choose(2), noun = writer.Choose(Nouns.Length);
        string ending = Endings[noun / (Nouns.Length / Endings.Length)][number];
        string adjective = writer.Chance(50) ? "" : $"{writer.Choose(Adjectives)}{ending} ";
        writer.Write($"{article}{ending} {adjective}{Nouns[noun]}{(number == 0 ? "" : "in")}");
        return number;
    }

    private static void Records(ChoiceWriter writer, int lines)
    {
        int id = writer.Choose(1000);
        for (int line = 0; line < lines; line++, id++)
        {
            string name = writer.Choose(Names), city = writer.Choose(Cities);
            writer.Write($"{{\"id\": {id}, \"name\": \"{name}\", \"city\": \"{city}\", \"key\": \"{name}-{id}\"}}\n");
        }
    }

    private static void Counting(ChoiceWriter writer, int lines)
    {
        int value = writer.Choose(3000), step = 1 + writer.Choose(16);
        for (int line = 0; line < lines; line++, value += step) writer.Write($"0x{value:x3} = {value}\n");
    }
}

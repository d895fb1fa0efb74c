using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Switchyard.Language.Text;

namespace Switchyard.Tests.Language.Text;

public sealed class GeneratedCorpusTests
{
    private static readonly Dictionary<string, int> FewestLines = new()
    {
        ["arithmetic"] = 20,
        ["brackets"] = 8,
        ["dates"] = 6,
        ["language"] = 4,
        ["records"] = 2,
        ["counting"] = 16,
    };

    [Fact]
    public void TheSameSeedGivesTheSameText()
    {
        GeneratedCorpus one = GeneratedCorpus.Generate(7, 20_000), again = GeneratedCorpus.Generate(7, 20_000);
        Assert.Equal(one.Utf8.ToArray(), again.Utf8.ToArray());
        Assert.Equal(one.NatsPerByte, again.NatsPerByte);
        Assert.NotEqual(one.Utf8.ToArray(), GeneratedCorpus.Generate(8, 20_000).Utf8.ToArray());

        // A longer text begins with the shorter one.
        Assert.Equal(one.Utf8.ToArray(), GeneratedCorpus.Generate(7, 40_000).Utf8[..one.Utf8.Length].ToArray());
    }

    [Fact]
    public void PassagesCoverAnAsciiTextAndEveryDomain()
    {
        GeneratedCorpus corpus = GeneratedCorpus.Generate(1, 50_000);
        Assert.DoesNotContain(corpus.Utf8.ToArray(), value => value >= 0x80 || (value < ' ' && value != '\n'));
        Assert.Equal(GeneratedCorpus.Domains.Order(), corpus.Passages.Select(passage => passage.Domain).Distinct().Order());
        int position = 0;
        foreach (GeneratedPassage passage in corpus.Passages)
        {
            Assert.Equal(position, passage.Start);
            Assert.Equal(passage.Domain, corpus.DomainAt(passage.Start));
            Assert.Equal(passage.Domain, corpus.DomainAt(passage.Start + passage.Length - 1));
            position += passage.Length;
        }
        Assert.Equal(corpus.Utf8.Length, position);
        Assert.InRange(position, 50_000, 51_000);
    }

    /// <summary>A reader that knows the grammar from its description recovers every choice, and so the same entropy, from the text alone.</summary>
    [Fact]
    public void TheEntropyIsThatOfTheChoicesReadOffTheText()
    {
        GeneratedCorpus corpus = GeneratedCorpus.Generate(3, 200_000);
        foreach (GeneratedPassage passage in corpus.Passages)
        {
            string text = Encoding.ASCII.GetString(corpus.Utf8.Span.Slice(passage.Start, passage.Length));
            Assert.EndsWith("\n\n", text);
            string[] lines = text[..^2].Split('\n');
            Assert.InRange(lines.Length - FewestLines[passage.Domain], 0, 8);
            double expected = Math.Log(6) + Math.Log(9) + NatsOf(passage.Domain, lines);
            Assert.True(Math.Abs(expected - passage.Nats) < 1e-9 * expected, $"{passage.Domain}: {passage.Nats} instead of {expected} in\n{text}");
        }
        Assert.Equal(corpus.Passages.Sum(passage => passage.Nats) / corpus.Utf8.Length, corpus.NatsPerByte, 12);
        Assert.Equal(corpus.NatsPerByte, corpus.NatsPerByteWithin(0, corpus.Utf8.Length), 12);
    }

    [Fact]
    public void TheEntropyOfAStretchCountsItsWholePassages()
    {
        GeneratedCorpus corpus = GeneratedCorpus.Generate(4, 5_000);
        GeneratedPassage[] middle = [.. corpus.Passages.Skip(1).SkipLast(1)];
        int start = middle[0].Start - 1, end = middle[^1].Start + middle[^1].Length + 1;
        Assert.Equal(middle.Sum(passage => passage.Nats) / middle.Sum(passage => passage.Length), corpus.NatsPerByteWithin(start, end), 12);
        string domain = middle[0].Domain;
        GeneratedPassage[] own = [.. middle.Where(passage => passage.Domain == domain)];
        Assert.Equal(own.Sum(passage => passage.Nats) / own.Sum(passage => passage.Length), corpus.NatsPerByteWithin(start, end, domain), 12);
    }

    private static double NatsOf(string domain, string[] lines) => domain switch
    {
        "arithmetic" => lines.Sum(Arithmetic),
        "brackets" => lines.Sum(Brackets),
        "dates" => lines.Sum(Date),
        "language" => lines.Sum(Sentence),
        "records" => Records(lines),
        "counting" => Counting(lines),
        _ => throw new ArgumentException(domain),
    };

    private static double Arithmetic(string line)
    {
        Match match = Regex.Match(line, @"^(\d+)([-+*])(\d+)=(\d+)$");
        int first = int.Parse(match.Groups[1].Value), second = int.Parse(match.Groups[3].Value);
        int result = match.Groups[2].Value switch { "+" => first + second, "-" => first - second, _ => first * second };
        Assert.Equal(result, int.Parse(match.Groups[4].Value));
        return Math.Log(3) + OfNumber(first) + match.Groups[2].Value switch
        {
            "+" => OfNumber(second),
            "-" => Math.Log(first + 1),
            _ => Math.Log(10),
        };

        static double OfNumber(int number) => Math.Log(3) + Math.Log(number < 10 ? 10 : number < 100 ? 90 : 900);
    }

    private static double Brackets(string line)
    {
        double nats = 0;
        Stack<char> open = [];
        for (int i = 0; i < line.Length; i++)
        {
            bool opens = "([{<".Contains(line[i]);
            if (open.Count is > 0 and < 6) nats -= Math.Log(opens ? 0.45 : 0.55);
            if (open.Count == 0 && i > 0) nats -= Math.Log(0.5);
            if (opens)
            {
                nats += Math.Log(4);
                open.Push(line[i]);
            }
            else
            {
                Assert.Contains($"{open.Pop()}{line[i]}", (string[])["()", "[]", "{}", "<>"]);
            }
        }
        Assert.Empty(open);
        return nats - Math.Log(0.5);
    }

    private static double Date(string line)
    {
        string[] formats = ["yyyy-MM-dd", "dd.MM.yyyy", "d MMMM yyyy", "MMMM d, yyyy"];
        string[] sides = line.Split(" = ");
        Assert.Equal(2, sides.Length);
        DateOnly[] days = [.. sides.Select(side => DateOnly.ParseExact(side, formats, CultureInfo.InvariantCulture, DateTimeStyles.None))];
        Assert.Equal(days[0], days[1]);
        Assert.NotEqual(sides[0], sides[1]);
        return Math.Log(73_049) + Math.Log(4) + Math.Log(3);
    }

    private static double Sentence(string line)
    {
        string[] words = line.Split(' ');
        Assert.Equal(".", words[^1]);
        int at = 0;
        double nats = Phrase(out bool plural);
        Assert.Matches(plural ? "^(kan|solv|prend|mir|dut|gavel|hosk|yept)[io]nt$" : "^(kan|solv|prend|mir|dut|gavel|hosk|yept)[io]m$", words[at++]);
        nats += Math.Log(8) + Math.Log(2) + Phrase(out _);
        Assert.Equal(words.Length - 1, at);
        return nats;

        double Phrase(out bool plural)
        {
            Match article = Regex.Match(words[at++], "^[ln](u|ur|a|an|e|es)$");
            Match adjective = Regex.Match(words[at], "^(?:pirn|kald|merov|tast|glim|ruk|fent|obil)(u|ur|a|an|e|es)$");
            if (adjective.Success) at++;
            Match noun = Regex.Match(words[at++], "^(?:(tavok|brin|solem|dargo)|(lira|menta|visa|kola)|(ume|sorle|pite|harne))(in)?$");
            Assert.True(article.Success && noun.Success, line);
            plural = noun.Groups[4].Success;
            string ending = (noun.Groups[1].Success, noun.Groups[2].Success, plural) switch
            {
                (true, _, false) => "u",
                (true, _, true) => "ur",
                (_, true, false) => "a",
                (_, true, true) => "an",
                (_, _, false) => "e",
                _ => "es",
            };
            Assert.Equal(ending, article.Groups[1].Value);
            if (adjective.Success) Assert.Equal(ending, adjective.Groups[1].Value);
            return Math.Log(2 * 2 * 12) + Math.Log(2) + (adjective.Success ? Math.Log(8) : 0);
        }
    }

    private static double Records(string[] lines)
    {
        int first = int.Parse(Regex.Match(lines[0], @"\d+").Value);
        for (int i = 0; i < lines.Length; i++)
        {
            Match match = Regex.Match(lines[i], """^\{"id": (\d+), "name": "([a-z]+)", "city": "[a-z]+", "key": "([a-z]+)-(\d+)"\}$""");
            Assert.Equal((first + i).ToString(), match.Groups[1].Value);
            Assert.Equal((first + i).ToString(), match.Groups[4].Value);
            Assert.Equal(match.Groups[2].Value, match.Groups[3].Value);
        }
        return Math.Log(1000) + lines.Length * (Math.Log(16) + Math.Log(12));
    }

    private static double Counting(string[] lines)
    {
        int[] values = [.. lines.Select(line => int.Parse(line.Split(" = ")[1]))];
        for (int i = 0; i < lines.Length; i++)
        {
            Assert.Equal(values[0] + i * (values[1] - values[0]), values[i]);
            Assert.Equal($"0x{values[i]:x3} = {values[i]}", lines[i]);
        }
        Assert.InRange(values[1] - values[0], 1, 16);
        return Math.Log(3000) + Math.Log(16);
    }
}

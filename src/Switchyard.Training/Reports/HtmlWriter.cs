using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Switchyard.Training.Reports;

/// <summary>
/// Writes markup in which what is typed into the source is markup and what is filled in is text:
/// <c>html.Write($"&lt;td&gt;{name}&lt;/td&gt;")</c> escapes <c>name</c>, so no value can become an element, an
/// attribute or a script. Numbers are written the same way in every culture.
/// </summary>
/// <param name="output">Where the markup goes; it is neither flushed nor closed.</param>
public sealed class HtmlWriter(TextWriter output)
{
    /// <summary>Writes an interpolated string: its literal parts as they are, its values escaped.</summary>
    public void Write([InterpolatedStringHandlerArgument("")] Markup markup) => _ = markup;

    /// <summary>
    /// The text as it may stand between tags and inside quoted attributes, in HTML and in XML alike. Control
    /// characters become their visible pictures (U+2400 and following) except tab and line feed; halves of
    /// surrogate pairs and the other characters that XML forbids become U+FFFD.
    /// </summary>
    public static string Escape(string text)
    {
        StringBuilder escaped = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                escaped.Append(c).Append(text[++i]);
                continue;
            }

            _ = c switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                '\t' or '\n' => escaped.Append(c),
                < ' ' => escaped.Append((char)('\u2400' + c)),
                '\u007f' => escaped.Append('\u2421'),
                >= '\u0080' and <= '\u009f' or >= '\ud800' and <= '\udfff' or '\ufffe' or '\uffff' => escaped.Append('\ufffd'),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    /// <summary>Writes markup that this project made, such as its style sheet, without escaping it.</summary>
    internal void WriteTrusted(string markup) => output.Write(markup);

    /// <summary>Takes an interpolated string apart for <see cref="HtmlWriter.Write"/>.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct Markup
    {
        private readonly HtmlWriter _html;

        /// <summary>Called by the compiler.</summary>
        public Markup(int literalLength, int formattedCount, HtmlWriter html)
        {
            (_, _) = (literalLength, formattedCount);
            _html = html;
        }

        /// <summary>Writes a literal part as it is.</summary>
        public void AppendLiteral(string literal) => _html.WriteTrusted(literal);

        /// <summary>Writes a text, escaped.</summary>
        public void AppendFormatted(string? text) => _html.WriteTrusted(Escape(text ?? ""));

        /// <summary>Writes a whole number.</summary>
        public void AppendFormatted(int number) => _html.WriteTrusted(number.ToString(CultureInfo.InvariantCulture));

        /// <summary>Writes a coordinate, to a hundredth of a pixel.</summary>
        public void AppendFormatted(double coordinate) =>
            _html.WriteTrusted(coordinate.ToString("0.##", CultureInfo.InvariantCulture));
    }
}

namespace Switchyard.Training.Reports;

/// <summary>The style sheet of every report: ink on paper by day, chalk on slate by night.</summary>
internal static class ReportStyle
{
    /// <summary>The rules; they hold no character that XML reserves.</summary>
    public const string Css = """
        :root {
          color-scheme: light dark;
          --paper: #fcfbf8; --card: #ffffff; --ink: #23262b; --quiet: #6b7078; --rule: #e4e1d9; --grid: #eceae4;
          --accent: #1f5f8b;
          --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Source Serif 4", "Source Serif Pro", Charter, Georgia, "Liberation Serif", serif;
          --sans: Inter, "Segoe UI", system-ui, -apple-system, "Helvetica Neue", "Liberation Sans", Arial, sans-serif;
          --mono: "SF Mono", "Cascadia Mono", "JetBrains Mono", Consolas, "Liberation Mono", Menlo, monospace;
        }
        @media screen and (prefers-color-scheme: dark) {
          :root {
            --paper: #16181c; --card: #1c1f24; --ink: #e2dfd8; --quiet: #9a9fa8; --rule: #31353c; --grid: #282c32;
            --accent: #86bde3;
          }
        }
        * { box-sizing: border-box; }
        html { background: var(--paper); -webkit-text-size-adjust: 100%; }
        body { margin: 0; color: var(--ink); font: 16px/1.6 var(--serif); text-rendering: optimizeLegibility; }
        main { max-width: 1008px; margin: 0 auto; padding: 56px 24px 72px; }
        h1 { font-size: 38px; line-height: 1.15; font-weight: 500; letter-spacing: -0.012em; margin: 0; overflow-wrap: anywhere; }
        h2 { font-size: 23px; line-height: 1.3; font-weight: 500; letter-spacing: -0.005em; margin: 0 0 4px; overflow-wrap: anywhere; }
        header { margin-bottom: 44px; }
        .subtitle { margin: 8px 0 0; font-size: 18px; color: var(--quiet); }
        .command { margin: 22px 0 0; padding: 12px 16px; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.55 var(--mono); }
        .command code { font: inherit; }
        .command code::before { content: "$ "; color: var(--quiet); user-select: none; }
        nav { margin-top: 18px; font: 13px/1.9 var(--sans); }
        nav a { color: var(--accent); text-decoration: none; margin-right: 14px; white-space: nowrap; }
        nav a:hover { text-decoration: underline; }
        section { margin-top: 44px; padding-top: 20px; border-top: 1px solid var(--rule); }
        .note { margin: 0; max-width: 54em; color: var(--quiet); }
        .parts { display: flex; flex-wrap: wrap; gap: 26px 16px; margin-top: 18px; }
        figure { margin: 0; flex: 0 1 auto; }
        .full { width: 960px; } .half { width: 472px; } .third { width: 309px; }
        figcaption { font: 13px/1.6 var(--sans); margin-bottom: 6px; color: var(--quiet); }
        figcaption b { font-weight: 600; color: var(--ink); margin-right: 14px; }
        .key { display: inline-block; margin-right: 12px; white-space: nowrap; font-variant-numeric: tabular-nums; }
        .key i { display: inline-block; width: 16px; height: 2px; margin-right: 5px; vertical-align: 4px; border-radius: 1px; background: var(--line); }
        .key i.bold { height: 3px; } .key i.thin { opacity: 0.6; }
        .key i.swatch { width: 11px; height: 11px; vertical-align: -1px; border-radius: 3px; background: var(--tint); box-shadow: inset 0 -2px var(--line); }
        .chart { display: block; width: 100%; height: auto; overflow: visible; font: 11px var(--sans); }
        .chart text { fill: var(--quiet); font-variant-numeric: tabular-nums; }
        .chart .end { text-anchor: end; } .chart .middle { text-anchor: middle; }
        .grid { stroke: var(--grid); } .axis { stroke: var(--quiet); stroke-opacity: 0.7; fill: none; }
        .line { fill: none; stroke: var(--line); stroke-linejoin: round; stroke-linecap: round; stroke-width: 1.5; }
        .line.thin { stroke-width: 1; stroke-opacity: 0.55; } .line.bold { stroke-width: 2.5; }
        .dot { fill: var(--line); } .dots .dot { fill-opacity: 0.55; }
        .chart .dots text { fill: var(--line); text-anchor: middle; font-size: 10px; font-weight: 600; }
        .regions rect { fill: var(--tint); shape-rendering: crispEdges; }
        .line.overall { stroke: var(--ink); stroke-width: 2; stroke-dasharray: 2 4; }
        path.reference { stroke: var(--ink); stroke-opacity: 0.6; stroke-dasharray: 5 4; }
        .chart text.reference { fill: var(--ink); }
        .readouts g { opacity: 0; } .readouts g:hover { opacity: 1; }
        .readouts rect { fill: transparent; } .readouts path { stroke: var(--ink); stroke-opacity: 0.5; }
        .chart .readouts text { fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 6px; }
        .cells rect { shape-rendering: crispEdges; } .cells rect:hover { stroke: var(--ink); stroke-width: 1.5; }
        .void { fill: var(--grid); } .mark { stroke: var(--ink); stroke-width: 1.5; }
        .interval { stroke: var(--quiet); stroke-width: 2; fill: var(--quiet); } .interval.sure { stroke: var(--accent); fill: var(--accent); }
        .interval path { stroke-linecap: round; } .interval:hover { stroke-width: 4; }
        .segment { fill: var(--tint); stroke: var(--paper); stroke-width: 1; }
        .segment:hover { stroke: var(--ink); }
        .chart .inside { fill: var(--ink); pointer-events: none; }
        .coloured { margin: 0; padding: 14px 18px; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; font: 13.5px/1.95 var(--mono); white-space: break-spaces; overflow-wrap: anywhere; tab-size: 4; }
        .coloured span { background: var(--tint); box-shadow: inset 0 -2px var(--line); padding: 2px 0; }
        .coloured i { font-style: normal; }
        .coloured i::before { opacity: 0.45; } .coloured .newline::before { content: "↵"; } .coloured .tab::before { content: "→"; }
        .sample blockquote { margin: 0; padding: 2px 0 2px 20px; border-left: 3px solid var(--rule); white-space: pre-wrap; overflow-wrap: anywhere; font-size: 16px; line-height: 1.55; }
        .sample b { font-weight: 700; }
        .sample figcaption { margin: 6px 0 0 23px; }
        .headline { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 26px 24px; width: 100%; margin: 0; }
        .headline dt { font: 13px/1.4 var(--sans); color: var(--quiet); }
        .headline dd { margin: 0; font-size: 31px; line-height: 1.25; letter-spacing: -0.01em; font-variant-numeric: lining-nums tabular-nums; }
        .headline dd.unit { font: 12px/1.4 var(--sans); letter-spacing: 0; color: var(--quiet); }
        table { border-collapse: collapse; width: 100%; font: 13.5px/1.5 var(--sans); font-variant-numeric: tabular-nums; }
        th, td { padding: 5px 16px 5px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--grid); white-space: pre-wrap; overflow-wrap: anywhere; }
        th { font-weight: 400; color: var(--quiet); } thead th { font-weight: 600; color: var(--ink); border-bottom-color: var(--rule); }
        tbody th { width: 34%; }
        @media print {
          @page { margin: 14mm; }
          :root { --paper: #ffffff; }
          * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          main { padding: 0; max-width: none; } nav { display: none; }
          body { font-size: 11pt; } h1 { font-size: 24pt; }
          section { margin-top: 24px; padding-top: 12px; }
          h2, .note, figcaption { break-after: avoid; } .chart, tr { break-inside: avoid; }
          .full { width: 100%; } .half { width: calc(50% - 8px); } .third { width: calc(33.3% - 11px); }
        }

        """;
}

/** A forecast as a page of its own: the charts, and a table of the numbers. */
import { forecastSvg } from "./forecast-svg.ts";
import { type ForecastPanel, type ForecastView, levelText } from "./forecast-view.ts";
import { escapeXml } from "./svg.ts";

/** One HTML file that loads nothing and runs nothing; light or dark as the browser is. */
export function forecastPage(view: ForecastView): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${escapeXml(view.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeXml(view.title)}</h1>
<div class="picture" tabindex="0" role="region" aria-label="Charts">
${forecastSvg(view)}
</div>
${view.panels.map(section).join("\n")}
</main>
</body>
</html>
`;
}

const STYLE = `
:root{--paper:#fff;--ink:#1b1f24;--line:#d3d9e0}
@media(prefers-color-scheme:dark){:root{--paper:#14171c;--ink:#e6e9ee;--line:#363e49}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{padding:1rem clamp(.75rem,3vw,2rem) 3rem}
h1{margin:0 0 .5rem;font-size:1.5rem}
.picture,.numbers{overflow-x:auto}
.picture svg{display:block;max-width:100%;height:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:bold;padding:.5rem 0}
th,td{text-align:right;padding:.1rem 0 .1rem 1.5rem;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left;padding-left:0}`;

function section({ name, values, bands, labelOf }: ForecastPanel): string {
  const levels = bands.flatMap(({ level }) => [`${levelText(level)} from`, `${levelText(level)} to`]);
  const head = ["time", "forecast", ...levels]
    .map((cell) => `<th scope="col">${escapeXml(cell)}</th>`)
    .join("");
  const rows = values.map((value, step) => {
    const cells = [value, ...bands.flatMap(({ lower, upper }) => [lower[step]!, upper[step]!])];
    const numbers = cells
      .map((cell) => `<td>${escapeXml(String(Number(cell.toPrecision(6))))}</td>`)
      .join("");
    return `<tr><td>${escapeXml(labelOf(step))}</td>${numbers}</tr>`;
  });
  return `<div class="numbers" tabindex="0" role="region" aria-label="Numbers${name === "" ? "" : escapeXml(` of ${name}`)}"><table>
<caption>${escapeXml(name === "" ? "The numbers" : name)}</caption>
<thead><tr>${head}</tr></thead>
<tbody>${rows.join("\n")}</tbody>
</table></div>`;
}

/** An inspection as a page of its own: the picture, and every value under the pointer. */
import { type HoverData, hover } from "./hover.ts";
import { heading, type Inspection, leaning } from "./inspection.ts";
import { base64 } from "./png.ts";
import { escapeXml, inspectionSvg } from "./svg.ts";

/** One HTML file that loads nothing; light or dark as the browser is. */
export function inspectionPage(inspection: Inspection): string {
  const { text, classes, cut, probability } = inspection;
  const label = leaning(inspection, probability);
  const hidden = cut === 0 ? "" : ` ${cut} of its words are cut off: the model reads no more.`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${escapeXml(`${label} ${probability.toFixed(4)}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeXml(label)}</h1>
<p>The probability of <b>${escapeXml(classes[1])}</b> is ${probability.toFixed(4)}.${hidden} A word in round brackets is not in the vocabulary.</p>
<blockquote>${escapeXml(text)}</blockquote>
<div class="picture" tabindex="0" role="region" aria-label="Gates and states, word by word">
${inspectionSvg(inspection, { titles: false })}
</div>
<details><summary>The prediction, word by word</summary>
<table><thead><tr><th>word</th><th>probability of ${escapeXml(classes[1])}</th></tr></thead>
<tbody>${predictionRows(inspection)}</tbody></table></details>
</main>
<output id="readout">Point at a cell, or focus a picture and use the arrow keys.</output>
<script type="application/json" id="values">${scriptJson(hoverData(inspection))}</script>
<script>(${hover.toString()})();</script>
</body>
</html>
`;
}

const STYLE = `
:root{--paper:#fff;--ink:#1b1f24;--faint:#57606a;--line:#d3d9e0}
@media(prefers-color-scheme:dark){:root{--paper:#14171c;--ink:#e6e9ee;--faint:#9fa9b6;--line:#363e49}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{padding:1rem clamp(.75rem,3vw,2rem) 4rem}
h1{margin:0}
blockquote{margin:1rem 0;padding-left:1rem;border-left:3px solid var(--line);color:var(--faint);white-space:pre-wrap;overflow-wrap:anywhere;max-height:9em;overflow:auto}
.picture{overflow-x:auto}
.picture svg{display:block}
rect[data-panel]{cursor:crosshair}
rect[data-panel]:focus{outline:2px solid #1f6fb2}
table{border-collapse:collapse}
th,td{text-align:left;padding:.1rem 1rem .1rem 0;border-bottom:1px solid var(--line)}
#readout{position:fixed;inset:auto 0 0;padding:.5rem clamp(.75rem,3vw,2rem);background:var(--paper);border-top:1px solid var(--line);font-variant-numeric:tabular-nums;overflow-wrap:anywhere}`;

function predictionRows({ steps, probabilities }: Inspection): string {
  return steps
    .map(({ word }, row) => `<tr><td>${escapeXml(word)}</td><td>${probabilities[row]!.toFixed(4)}</td></tr>`)
    .join("");
}

function hoverData({ steps, layers }: Inspection): HoverData {
  return {
    words: steps.map(({ word }) => word),
    layers: layers.map(({ name, units, panels }) => ({
      name,
      units,
      panels: panels.map((panel) => {
        const { high, values } = panel;
        const view = new DataView(new ArrayBuffer(values.length * 2));
        values.forEach((value, i) => {
          view.setInt16(i * 2, Math.round((value / high) * 32767), true);
        });
        return { title: heading(panel), high, values: base64([new Uint8Array(view.buffer)]) };
      }),
    })),
  };
}

/** Inside a script, "</script>" would end it. */
const scriptJson = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

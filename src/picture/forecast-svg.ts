/** A forecast as a picture: a chart a panel, with the past, the forecast and its bands. */
import {
  type ForecastPanel,
  type ForecastView,
  levelText,
  rangeOf,
  ticksOf,
  tickText,
} from "./forecast-view.ts";
import { escapeXml } from "./svg.ts";

/** Pixels, where nothing scales the picture. */
const WIDTH = 720;
const CHART = 220;
const LEFT = 64;
const RIGHT = 16;
const HEAD = 26;
const FOOT = 34;
const TITLE = 34;
const LEGEND = 24;
const CHARACTER = 6.7;

/** One file, nothing outside of it; light or dark as the viewer is. */
export function forecastSvg(view: ForecastView): string {
  const { title, panels } = view;
  const height = TITLE + panels.length * (HEAD + CHART + FOOT) + LEGEND;
  const parts = panels.map((panel, p) => {
    const top = TITLE + p * (HEAD + CHART + FOOT) + HEAD;
    return `<g transform="translate(0 ${top})">${chart(panel)}</g>`;
  });
  const summary = `${title}: ${panels.map(describe).join("; ")}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(summary)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
    text(LEFT, 22, title, "title"),
    ...parts,
    legend(view, height - LEGEND + 12),
    "</svg>",
  ].join("\n");
}

const STYLE = `
svg{color-scheme:light dark;font:11px ui-monospace,Menlo,Consolas,monospace;background:#fff}
.paper{fill:#fff}text{fill:#1b1f24}.title{font-weight:bold}.end{text-anchor:end}.middle{text-anchor:middle}
.grid{stroke:#d3d9e0;stroke-width:.5}.axis{stroke:#7d8894;stroke-width:.5}.origin{stroke:#7d8894;stroke-width:1;stroke-dasharray:2 3}
.past,.ahead{fill:none;stroke-width:1.5;stroke-linejoin:round;stroke-linecap:round}.past{stroke:#57606a}.ahead{stroke:#1f6fb2;stroke-width:2}
.band{fill:#1f6fb2;fill-opacity:.16}.cell{fill:transparent}
@media(prefers-color-scheme:dark){svg{background:#14171c}.paper{fill:#14171c}text{fill:#e6e9ee}.grid{stroke:#363e49}
.past{stroke:#9fa9b6}.ahead{stroke:#6cb3f5}.band{fill:#6cb3f5}}`.replaceAll("\n", "");

/** For those who do not see it. */
function describe({ name, values, labelOf }: ForecastPanel): string {
  const last = values.length - 1;
  const what = `${tickText(round(values[0]!))} for ${labelOf(0)} to ${tickText(round(values[last]!))} for ${labelOf(last)}`;
  return name === "" ? what : `${name}, ${what}`;
}

function chart(panel: ForecastPanel): string {
  const { name, past, values, bands, labelOf } = panel;
  const [low, high] = rangeOf(panel);
  const total = past.length + values.length;
  const inner = WIDTH - LEFT - RIGHT;
  const x = (row: number) => fixed(LEFT + (total === 1 ? inner / 2 : (row / (total - 1)) * inner));
  const y = (value: number) => fixed(((high - value) / (high - low)) * CHART);
  const path = (list: readonly number[], start: number) => {
    const points = list.map((value, i) => `${x(start + i)} ${y(value)}`);
    return `M${points.join("L")}${points.length === 1 ? "h.01" : ""}`;
  };
  const joined = past.length === 0 ? values : [past[past.length - 1]!, ...values];
  const grid = ticksOf(low, high, 5).map(
    (tick) =>
      `<path class="grid" d="M${LEFT} ${y(tick)}H${WIDTH - RIGHT}"/>${text(LEFT - 8, Number(y(tick)) + 4, tickText(tick), "end")}`,
  );
  const areas = bands.map(({ lower, upper }) => {
    const down = [...lower.keys()].reverse().map((i) => `${x(past.length + i)} ${y(lower[i]!)}`);
    return `<path class="band" d="${path(upper, past.length)}L${down.join("L")}Z"/>`;
  });
  const wide = inner / total;
  const cells = values.map((value, step) => {
    const of = bands.map(
      ({ level, lower, upper }) => `${levelText(level)}: ${shown(lower[step]!)} to ${shown(upper[step]!)}`,
    );
    const title = [`${labelOf(step)}: ${shown(value)}`, ...of].join("\n");
    return `<rect class="cell" x="${fixed(Number(x(past.length + step)) - wide / 2)}" y="0" width="${fixed(wide)}" height="${CHART}"><title>${escapeXml(title)}</title></rect>`;
  });
  return [
    name === "" ? "" : text(LEFT, -9, name),
    ...grid,
    ...areas,
    past.length === 0 ? "" : `<path class="origin" d="M${x(past.length - 1)} 0V${CHART}"/>`,
    past.length === 0 ? "" : `<path class="past" d="${path(past, 0)}"/>`,
    `<path class="ahead" d="${path(joined, total - joined.length)}"/>`,
    `<path class="axis" d="M${LEFT} ${CHART}H${WIDTH - RIGHT}"/>`,
    timeLabels(panel, x),
    ...cells,
  ].join("");
}

/** As many as have room, evenly, with the first row that is forecast among them. */
function timeLabels({ past, values, labelOf }: ForecastPanel, x: (row: number) => string): string {
  const width =
    Math.max(labelOf(-past.length).length, labelOf(0).length, labelOf(values.length - 1).length) * CHARACTER +
    16;
  const wanted = [
    past.length,
    past.length + values.length - 1,
    0,
    Math.floor(past.length / 2),
    Math.floor(past.length + values.length / 2),
  ];
  const taken: number[] = [];
  const labels = wanted.flatMap((row) => {
    const half = width / 2;
    const at = Math.min(Math.max(Number(x(row)), LEFT + half - 24), WIDTH - half + 8);
    if (taken.some((other) => Math.abs(other - at) < width)) return [];
    taken.push(at);
    return [text(at, CHART + 16, labelOf(row - past.length), "middle")];
  });
  return labels.join("");
}

function legend({ panels }: ForecastView, y: number): string {
  const levels = panels[0]?.bands.map(({ level }) => levelText(level)) ?? [];
  const items = ["what has been", "forecast", ...levels.map((level) => `${level} of what comes`)];
  let x = LEFT;
  return items
    .map((item, i) => {
      const mark =
        i < 2
          ? `<path class="${i === 0 ? "past" : "ahead"}" d="M${x} ${y - 4}h18"/>`
          : `<rect class="band" x="${x}" y="${y - 9}" width="18" height="10" style="fill-opacity:${i === 2 ? 0.16 : 0.3}"/>`;
      const label = text(x + 24, y, item);
      x += 24 + item.length * CHARACTER + 18;
      return mark + label;
    })
    .join("");
}

const round = (value: number) => Number(value.toPrecision(5));
const shown = (value: number) => tickText(round(value));

function text(x: number, y: number, content: string, style?: string): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}"${style ? ` class="${style}"` : ""}>${escapeXml(content)}</text>`;
}

const fixed = (n: number): string => String(Math.round(n * 100) / 100);

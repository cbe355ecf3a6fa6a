/** An inspection as a picture: words down, a line for the prediction, a heat map a gate. */
import stringWidth from "string-width";
import { colourTable, STEPS, stepOf, type Theme } from "./colour-scale.ts";
import { heading, type InspectedLayer, type Inspection, leaning, type Panel } from "./inspection.ts";
import { pngDataUri } from "./png.ts";

/** Pixels, where nothing scales the picture. */
const ROW = 14;
const UNIT = 3;
const [NARROWEST, WIDEST] = [96, 384];
const LINE = 110;
const GAP = 18;
const HEAD = 58;
const CHARACTER = 6.7;
const MOST_LABEL = 22;

const THEMES: readonly Theme[] = ["dark", "light"]; // the later one is seen where style is not read

export interface SvgOptions {
  /** A title for each word of each heat map, which a pointer brings up. Without it, places for a script to find. */
  readonly titles: boolean;
}

/** One file, nothing outside of it; light or dark as the viewer is. */
export function inspectionSvg(inspection: Inspection, { titles }: SvgOptions): string {
  const { steps, layers } = inspection;
  const labels = steps.map(({ word, known }) => cut(known ? word : `(${word})`));
  const left = Math.ceil(Math.max(...labels.map((label) => stringWidth(label))) * CHARACTER) + 10;
  const height = steps.length * ROW;
  const parts: string[] = [];
  let width = left + LINE + GAP;
  let top = 0;
  for (const [index, layer] of layers.entries()) {
    const columns = placePanels(layer, left + LINE + GAP);
    width = Math.max(width, columns.at(-1)!.x + columns.at(-1)!.width + GAP);
    parts.push(
      `<g transform="translate(0 ${top})">`,
      text(left, 16, `${layer.name}: ${layer.units} units from left to right`, "title"),
      ...labels.map((label, row) => text(left - 6, HEAD + (row + 0.75) * ROW, label, "label")),
      predictionLine(inspection, left),
      ...columns.map((column, p) => panel(inspection, layer, column, { layer: index, panel: p, titles })),
      "</g>",
    );
    top += HEAD + height + 2 * GAP;
  }
  const size = `width="${width}" height="${top}" viewBox="0 0 ${width} ${top}"`;
  const summary = `How ${inspection.steps.length} words move the gates and states of ${layers.map(({ name }) => name).join(", ")}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escapeXml(summary)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${width}" height="${top}"/>`,
    ...parts,
    "</svg>",
  ].join("\n");
}

const STYLE = `
svg{color-scheme:light dark;font:11px ui-monospace,Menlo,Consolas,monospace;background:#fff}
.paper{fill:#fff}text{fill:#1b1f24}.label{text-anchor:end;white-space:pre}.title{font-weight:bold}.end{text-anchor:end}
.frame{fill:none;stroke:#7d8894;stroke-width:.5}.half{stroke:#7d8894;stroke-width:.5;stroke-dasharray:2 3}
.line{fill:none;stroke:#1f6fb2;stroke-width:1.5;stroke-linejoin:round}.cell{fill:transparent}
image{image-rendering:pixelated}.dark{display:none}
@media(prefers-color-scheme:dark){svg{background:#14171c}.paper{fill:#14171c}text{fill:#e6e9ee}.line{stroke:#6cb3f5}
.dark{display:inline}.light{display:none}}`.replaceAll("\n", "");

interface Column {
  readonly panel: Panel;
  readonly x: number;
  readonly width: number;
}

function placePanels({ panels, units }: InspectedLayer, left: number): Column[] {
  const headings = panels.map((panel) => Math.ceil(stringWidth(heading(panel)) * CHARACTER));
  const width = Math.max(Math.min(units * UNIT, WIDEST), NARROWEST, ...headings);
  return panels.map((panel, p) => ({ panel, x: left + p * (width + GAP), width }));
}

/** From class 0 at the left to class 1 at the right. */
function predictionLine({ classes, steps, probabilities }: Inspection, x: number): string {
  const height = steps.length * ROW;
  const at = (row: number) => `${fixed(x + probabilities[row]! * LINE)} ${fixed(HEAD + (row + 0.5) * ROW)}`;
  const points = steps.map((_, row) => at(row));
  const titles = steps.map((step, row) => {
    const p = probabilities[row]!;
    const title = `${step.word}: ${p.toFixed(4)}, ${leaning({ classes }, p)}`;
    return `<rect class="cell" x="${x}" y="${HEAD + row * ROW}" width="${LINE}" height="${ROW}"><title>${escapeXml(title)}</title></rect>`;
  });
  const middle = x + LINE / 2;
  return [
    text(x, HEAD - 22, "prediction", "title"),
    text(x, HEAD - 6, cut(classes[0], 8)),
    text(x + LINE, HEAD - 6, cut(classes[1], 8), "end"),
    `<path class="half" d="M${middle} ${HEAD}v${height}"/>`,
    `<rect class="frame" x="${x}" y="${HEAD}" width="${LINE}" height="${height}"/>`,
    `<path class="line" d="M${points.join("L")}${points.length === 1 ? "h.01" : ""}"/>`,
    ...titles,
  ].join("");
}

function panel(
  { steps }: Inspection,
  { units }: InspectedLayer,
  { panel, x, width }: Column,
  at: SvgOptions & { readonly layer: number; readonly panel: number },
): string {
  const { kind, low, high, values } = panel;
  const height = steps.length * ROW;
  const place = `x="${x}" y="${HEAD}" width="${width}" height="${height}"`;
  const pixels = Uint8Array.from(values, (value) => stepOf(value, low, high));
  const ramp = Uint8Array.from({ length: STEPS }, (_, step) => step);
  const scale = width / 2;
  const scalePlace = `x="${x + width / 4}" y="${HEAD - 14}" width="${scale}" height="8"`;
  return [
    text(x, HEAD - 22, heading(panel), "title"),
    text(x + width / 4 - 4, HEAD - 6, number(low), "end"),
    text(x + width * 0.75 + 4, HEAD - 6, number(high)),
    ...THEMES.map((theme) => picture(ramp, STEPS, 1, kind, theme, scalePlace)),
    ...THEMES.map((theme) => picture(pixels, units, steps.length, kind, theme, place)),
    ...(at.titles
      ? steps.map(({ word }, row) => {
          const numbers = describe(values.subarray(row * units, (row + 1) * units));
          const where = `x="${x}" y="${HEAD + row * ROW}" width="${width}" height="${ROW}"`;
          return `<rect class="cell" ${where}><title>${escapeXml(`${word}, ${heading(panel)}: ${numbers}`)}</title></rect>`;
        })
      : [`<rect class="cell" ${place} data-layer="${at.layer}" data-panel="${at.panel}"/>`]),
    `<rect class="frame" ${place} pointer-events="none"/>`,
  ].join("");
}

function picture(
  pixels: Uint8Array,
  width: number,
  height: number,
  kind: Panel["kind"],
  theme: Theme,
  place: string,
): string {
  const uri = pngDataUri(pixels, width, height, colourTable(kind, theme));
  return `<image class="${theme}" ${place} preserveAspectRatio="none" href="${uri}"/>`;
}

function describe(values: Float32Array): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const [least, most] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  return `mean ${mean.toFixed(3)}, from ${least.toFixed(3)} to ${most.toFixed(3)}`;
}

function text(x: number, y: number, content: string, style?: string): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}"${style ? ` class="${style}"` : ""}>${escapeXml(content)}</text>`;
}

const fixed = (n: number): string => String(Math.round(n * 100) / 100);
const number = (n: number): string => String(n).replace("-", "−");

function cut(word: string, most = MOST_LABEL): string {
  const characters = [...word];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : word;
}

/** For the content of an element or an attribute. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

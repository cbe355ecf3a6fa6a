/** An inspection as lines for a terminal: two units a character by half blocks, or digits without colour. */
import stringWidth from "string-width";
import { colourTable, STEPS, stepOf } from "./colour-scale.ts";
import { heading, type InspectedLayer, type Inspection, leaning, type Panel } from "./inspection.ts";

export interface TerminalOptions {
  readonly columns: number;
  /** Bits of colour that the terminal shows: 24, 8, or fewer, which stands for none. */
  readonly colourDepth: number;
}

/** Columns of a panel below which fewer are put side by side. */
const NARROWEST_PANEL = 8;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** The prediction as it forms, then the layers. */
export function terminalLines(inspection: Inspection, options: TerminalOptions): string[] {
  const pen = new Pen(options.colourDepth);
  const longest = Math.max(...inspection.steps.map((step) => stringWidth(label(step))));
  const labels = Math.min(longest, Math.max(8, Math.floor(options.columns / 5)));
  return [
    ...predictionLines(inspection, options.columns, labels, pen),
    ...inspection.layers.flatMap((layer) => [
      "",
      ...layerLines(inspection, layer, options.columns, labels, pen),
    ]),
  ];
}

function predictionLines(inspection: Inspection, columns: number, labels: number, pen: Pen): string[] {
  const { classes, steps, probabilities } = inspection;
  const names = Math.min(Math.max(...classes.map((name) => stringWidth(name))), 12);
  const bar = Math.max(columns - labels - names - 1 - " 0.00 ".length, 4);
  return [
    toColumns(`Probability of "${classes[1]}" after each word:`, columns).trimEnd(),
    ...steps.map((step, row) => {
      const p = probabilities[row]!;
      const name = toColumns(leaning(inspection, p), names).trimEnd();
      return `${toColumns(label(step), labels)} ${pen.bar(p, bar)} ${p.toFixed(2)} ${name}`;
    }),
  ];
}

function layerLines(
  { steps }: Inspection,
  { name, units, panels }: InspectedLayer,
  columns: number,
  labels: number,
  pen: Pen,
): string[] {
  const room = Math.max(columns - labels, NARROWEST_PANEL + 1);
  const names = panels.map((panel) => stringWidth(panel.name));
  const narrowest = Math.min(Math.max(NARROWEST_PANEL, ...names), room - 1);
  const most = Math.max(Math.floor(room / (narrowest + 1)), 1);
  const bands = Math.ceil(panels.length / most);
  const abreast = Math.ceil(panels.length / bands);
  const slot = Math.floor(room / abreast) - 1;
  const width = Math.min(slot, Math.ceil(units / pen.unitsPerCharacter));
  const lines = [toColumns(`${name}: ${units} units, from left to right`, columns).trimEnd()];
  for (let from = 0; from < panels.length; from += abreast) {
    const band = panels.slice(from, from + abreast);
    const column = Math.min(slot, Math.max(width, narrowest));
    const row = (start: string, cells: readonly string[]) =>
      `${toColumns(start, labels)} ${cells.join(" ")}`.trimEnd();
    lines.push(
      row(
        "",
        band.map((panel) => toColumns(headingWithin(panel, column), column)),
      ),
      ...steps.map((step, t) =>
        row(
          label(step),
          band.map((panel) => pen.cells(panel, t, units, width) + " ".repeat(column - width)),
        ),
      ),
    );
  }
  return [...lines, ...pen.legend(panels, columns)];
}

/** Without its last words where they do not fit: "f forget" for "f forget gate". */
function headingWithin(panel: Panel, columns: number): string {
  const words = heading(panel).split(" ");
  while (words.length > 1 && stringWidth(words.join(" ")) > columns) words.pop();
  return words.join(" ");
}

/** A word that the vocabulary does not have stands in round brackets. */
const label = ({ word, known }: { word: string; known: boolean }): string => (known ? word : `(${word})`);

/** Cut with an ellipsis, or filled with blanks, to so many columns. */
function toColumns(text: string, columns: number): string {
  let [cut, used] = [text, stringWidth(text)];
  if (used > columns) {
    const characters = [...text];
    while (used >= columns && characters.length > 0) {
      characters.pop();
      used = stringWidth(characters.join(""));
    }
    cut = `${characters.join("")}…`;
    used++;
  }
  return cut + " ".repeat(Math.max(columns - used, 0));
}

/** Draws with colours, or with characters where there are none. */
class Pen {
  readonly unitsPerCharacter: 1 | 2;
  readonly #depth: number;

  constructor(depth: number) {
    this.#depth = depth;
    this.unitsPerCharacter = depth >= 8 ? 2 : 1;
  }

  get #colours(): boolean {
    return this.#depth >= 8;
  }

  /** A share of so many columns. */
  bar(share: number, columns: number): string {
    if (!this.#colours) return "#".repeat(Math.round(share * columns)).padEnd(columns, ".");
    const eighths = Math.round(share * columns * 8);
    const whole = Math.floor(eighths / 8);
    const drawn = "█".repeat(whole) + EIGHTHS[eighths % 8]!;
    const step = Math.round((share > 0.5 ? 0.85 : 0.15) * (STEPS - 1));
    return (
      this.#paint(drawn, colourTable("diverging", "dark").subarray(step * 3, step * 3 + 3)) +
      " ".repeat(columns - drawn.length)
    );
  }

  /** A word's units; where there are more than fit, neighbours share a place by their mean. */
  cells(panel: Panel, step: number, units: number, width: number): string {
    const places = Math.min(units, width * this.unitsPerCharacter);
    const row = panel.values.subarray(step * units, (step + 1) * units);
    const means = Array.from({ length: places }, (_, place) => {
      const [from, to] = [Math.floor((place * units) / places), Math.floor(((place + 1) * units) / places)];
      return row.subarray(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
    });
    if (!this.#colours)
      return means
        .map((value) => character(panel, value))
        .join("")
        .padEnd(width);
    const table = colourTable(panel.kind, "dark");
    const colour = (value: number) => {
      const at = stepOf(value, panel.low, panel.high) * 3;
      return table.subarray(at, at + 3);
    };
    let line = "";
    for (let place = 0; place < places; place += 2) {
      const right = means[place + 1];
      line += this.#paint("▌", colour(means[place]!), right === undefined ? undefined : colour(right));
    }
    return line + " ".repeat(width - Math.ceil(places / 2));
  }

  legend(panels: readonly Panel[], columns: number): string[] {
    if (!this.#colours) {
      const names = (of: Panel["kind"]) =>
        panels.flatMap(({ kind, name }) => (kind === of ? [name] : [])).join(", ");
      const [gates, states] = [names("sequential"), names("diverging")];
      const said = [
        ...(gates ? [`${gates} in tenths, rounded down`] : []),
        ...(states ? [`${states} in tenths of the largest: 1 to 9, a to i for -1 to -9, a point for 0`] : []),
      ];
      return wrap(`${said.join("; ")}.`, columns);
    }
    const scales = new Map(panels.map((panel) => [`${panel.kind} ${panel.high}`, panel]));
    return [...scales.values()].flatMap((panel) => {
      const alike = panels.filter(({ kind, high }) => kind === panel.kind && high === panel.high);
      const ramp = Float32Array.from(
        { length: 20 },
        (_, i) => panel.low + ((panel.high - panel.low) * i) / 19,
      );
      const [low, high] = [number(panel.low), number(panel.high)];
      const scale = `${low} ${this.cells({ ...panel, values: ramp }, 0, 20, 10)} ${high}`;
      const lines = wrap(alike.map(({ name }) => name).join(" "), columns);
      const last = lines.pop()!;
      const hasRoom = last.length + 2 + low.length + 12 + high.length <= columns;
      return [...lines, ...(hasRoom ? [`${last}  ${scale}`] : [last, scale])];
    });
  }

  #paint(text: string, front: Uint8Array, back?: Uint8Array): string {
    const code = (colour: Uint8Array) =>
      this.#depth >= 24 ? `2;${colour.join(";")}` : `5;${nearestOf256(colour)}`;
    return `\x1b[38;${code(front)}${back ? `;48;${code(back)}` : ""}m${text}\x1b[0m`;
  }
}

function character({ kind, high }: Panel, value: number): string {
  if (kind === "sequential") return String(Math.min(Math.max(Math.floor(value * 10), 0), 9));
  const tenths = Math.min(Math.round((Math.abs(value) / high) * 10), 9);
  if (tenths === 0) return ".";
  return value > 0 ? String(tenths) : String.fromCharCode("a".charCodeAt(0) + tenths - 1);
}

/** The nearest of xterm's 6 × 6 × 6 colours or 24 greys. */
function nearestOf256(colour: Uint8Array): number {
  const levels = [0, 95, 135, 175, 215, 255];
  const nearest = (value: number) =>
    levels.reduce(
      (best, level, i) => (Math.abs(level - value) < Math.abs(levels[best]! - value) ? i : best),
      0,
    );
  const distance = (to: readonly number[]) =>
    to.reduce((sum, value, k) => sum + (value - colour[k]!) ** 2, 0);
  const [r, g, b] = [nearest(colour[0]!), nearest(colour[1]!), nearest(colour[2]!)];
  const grey = Math.min(Math.max(Math.round(((colour[0]! + colour[1]! + colour[2]!) / 3 - 8) / 10), 0), 23);
  const isGrey = distance(Array(3).fill(8 + 10 * grey)) < distance([levels[r]!, levels[g]!, levels[b]!]);
  return isGrey ? 232 + grey : 16 + 36 * r + 6 * g + b;
}

const number = (value: number): string => String(value).replace("-", "−");

function wrap(text: string, columns: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1)!;
    if (last !== "" && last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}

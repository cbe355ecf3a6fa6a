/** A forecast as lines for a terminal: what has been and what is forecast by dots of Braille, bands by shades. */
import stringWidth from "string-width";
import { type ForecastPanel, type ForecastView, rangeOf, ticksOf, tickText } from "./forecast-view.ts";

export interface ForecastTerminalOptions {
  readonly columns: number;
  /** Lines of a chart, without its axis. Default 12. */
  readonly rows?: number;
}

/** Narrower than that, a chart says nothing. */
const NARROWEST = 8;
/** Panels that are drawn; more would scroll away. */
const MOST_PANELS = 6;

/** A chart a panel, with its axes, of so many columns at most. */
export function forecastLines({ title, panels }: ForecastView, options: ForecastTerminalOptions): string[] {
  const { columns, rows = 12 } = options;
  const shown = panels.slice(0, MOST_PANELS);
  const lines = [cut(title, columns)];
  for (const panel of shown) lines.push("", ...panelLines(panel, columns, rows));
  if (panels.length > shown.length) lines.push("", cut(`and ${panels.length - shown.length} more`, columns));
  return lines;
}

/** Dots of a character, by row and column (Unicode's Braille patterns). */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];
const BRAILLE = 0x2800;
/** Of the widest band to the narrowest. */
const SHADES = ["░", "▒", "▓"];

function panelLines(panel: ForecastPanel, columns: number, rows: number): string[] {
  const [low, high] = rangeOf(panel);
  const ticks = ticksOf(low, high, Math.max(2, Math.floor(rows / 2.5)));
  const margin = Math.max(...ticks.map((tick) => tickText(tick).length), 0) + 1;
  const width = columns - margin - 1;
  if (width < NARROWEST) return narrowLines(panel, columns);
  // The past is cut from its beginning, so that a step ahead has a column at least where that is possible.
  const most = Math.max(width * 2 - panel.values.length * 2, Math.floor(width / 2));
  const past = panel.past.slice(-Math.max(most, 0));
  const total = past.length + panel.values.length;
  const dotX = (row: number) => (total === 1 ? 0 : Math.round((row / (total - 1)) * (width * 2 - 1)));
  const dotY = (value: number) => Math.round(((high - value) / (high - low)) * (rows * 4 - 1));
  const canvas = Array.from({ length: rows }, () => new Uint16Array(width));
  const shade = Array.from({ length: rows }, () => new Array<string>(width).fill(" "));
  panel.bands.forEach(({ lower, upper }, b) => {
    for (let step = 0; step < lower.length; step++) {
      const from = Math.floor(dotX(past.length + step) / 2);
      const to =
        step + 1 < lower.length ? Math.max(from + 1, Math.floor(dotX(past.length + step + 1) / 2)) : width;
      const [top, bottom] = [Math.floor(dotY(upper[step]!) / 4), Math.floor(dotY(lower[step]!) / 4)];
      for (let y = top; y <= bottom; y++) {
        for (let x = from; x < to; x++) shade[y]![x] = SHADES[Math.min(b, SHADES.length - 1)]!;
      }
    }
  });
  const all = [...past, ...panel.values];
  for (let row = 0; row < total; row++) {
    const next = Math.min(row + 1, total - 1);
    drawLine(canvas, dotX(row), dotY(all[row]!), dotX(next), dotY(all[next]!));
  }
  const origin = past.length === 0 ? -1 : Math.floor(dotX(past.length) / 2);
  const labels = new Map(ticks.map((tick) => [Math.floor(dotY(tick) / 4), tickText(tick)]));
  const body = canvas.map((line, y) => {
    const cells = Array.from(line, (dots, x) => {
      if (dots > 0) return String.fromCodePoint(BRAILLE + dots);
      return x === origin && shade[y]![x] === " " ? "┊" : shade[y]![x]!;
    });
    return `${(labels.get(y) ?? "").padStart(margin)}${labels.has(y) ? "┤" : "│"}${cells.join("")}`.trimEnd();
  });
  const axis = `${" ".repeat(margin)}└${"─".repeat(width)}`;
  return [
    ...(panel.name === "" ? [] : [cut(panel.name, columns)]),
    ...body,
    axis,
    `${" ".repeat(margin + 1)}${timeLine(panel, -past.length, origin, width)}`.trimEnd(),
  ];
}

/** Labels of the first row, of the first that is forecast and of the last, as far as there is room. */
function timeLine({ labelOf, values }: ForecastPanel, first: number, origin: number, width: number): string {
  const [begin, middle, end] = [labelOf(first), labelOf(0), labelOf(values.length - 1)];
  const line = new Array<string>(width).fill(" ");
  const put = (text: string, at: number): boolean => {
    const start = Math.min(Math.max(at, 0), width - text.length);
    if (start < 0) return true;
    const isFree = line.slice(Math.max(0, start - 1), start + text.length + 1).every((cell) => cell === " ");
    if (isFree) for (const [i, character] of [...text].entries()) line[start + i] = character;
    return isFree;
  };
  put(end, width - end.length);
  if (origin >= 0 && !put(middle, origin)) put(middle, width - end.length - 1 - middle.length);
  put(begin, 0);
  return line.join("");
}

/** By Bresenham's algorithm. */
function drawLine(
  canvas: readonly Uint16Array[],
  fromX: number,
  fromY: number,
  toX: number,
  toY: number,
): void {
  if (![fromX, fromY, toX, toY].every(Number.isFinite)) return;
  const [dx, dy] = [Math.abs(toX - fromX), -Math.abs(toY - fromY)];
  const [stepX, stepY] = [fromX < toX ? 1 : -1, fromY < toY ? 1 : -1];
  let [x, y, error] = [fromX, fromY, dx + dy];
  for (;;) {
    const row = canvas[Math.floor(y / 4)]!;
    row[Math.floor(x / 2)]! |= DOTS[y % 4]![x % 2]!;
    if (x === toX && y === toY) return;
    const twice = 2 * error;
    if (twice >= dy) {
      error += dy;
      x += stepX;
    }
    if (twice <= dx) {
      error += dx;
      y += stepY;
    }
  }
}

/** Where there is no room for a chart: the numbers. */
function narrowLines({ name, values, labelOf }: ForecastPanel, columns: number): string[] {
  const lines = values.map((value, step) =>
    cut(`${labelOf(step)} ${tickText(Number(value.toPrecision(4)))}`, columns),
  );
  return [...(name === "" ? [] : [cut(name, columns)]), ...lines];
}

function cut(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let shown = "";
  for (const character of text) {
    if (stringWidth(shown + character) > columns - 1) break;
    shown += character;
  }
  return columns > 0 ? `${shown}…` : "";
}

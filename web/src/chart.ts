/** A chart of runs over epochs, drawn by uPlot. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Curve } from "./curve.ts";
import { colour, element } from "./elements.ts";
import type { Cell, Page } from "./page.ts";
import { trainText } from "./train.text.ts";
import { whenSeen } from "./when-seen.ts";
import { formatNumber } from "./words.ts";

/** One line of the chart. */
export interface Line {
  /** As the legend has it. */
  readonly name: string;
  readonly cell: Cell;
  /** Validation is points on a dashed line. */
  readonly part: "train" | "validation";
  /** Of a run before the one that is looked at. */
  readonly isFaint: boolean;
  readonly curve: Curve;
}

/** Milliseconds between two drawings: nobody reads faster, and the page has other work. */
const DRAW_INTERVAL = 100;
const HEIGHT = 220;

export class Chart {
  readonly element = element("figure", { class: "chart" });
  readonly #page: Page;
  readonly #measure: "loss" | "accuracy";
  readonly #title: () => string;
  readonly #caption = element("figcaption");
  readonly #plot = element("div", { role: "img", class: "plot" });
  readonly #values = element("p", { class: "values" });
  readonly #askDraw: () => void;
  #lines: readonly Line[] = [];
  #uplot: uPlot | null = null;
  /** What the plot was made for; another one is needed when it changes. */
  #made = "";
  /** Of the theme; asking the browser for them is not free. */
  readonly #colours = new Map<`--${string}`, string>();
  #drawn = -Infinity;
  #waiting = false;

  /** @param title what is measured, in the language of the page; default: the measure's name */
  constructor(page: Page, measure: "loss" | "accuracy", title?: () => string) {
    this.#page = page;
    this.#measure = measure;
    this.#title = title ?? (() => trainText[page.language][measure]);
    this.#plot.style.minHeight = `${HEIGHT}px`; // its place, before it is drawn
    this.element.append(this.#caption, this.#plot, this.#values);
    page.on("language", () => this.#remake());
    page.on("theme", () => this.#remake());
    this.#askDraw = whenSeen(this.element, () => this.#draw());
    new ResizeObserver(() => this.#uplot?.setSize(this.#size())).observe(this.#plot);
    this.#remake();
  }

  /** Show these lines. Curves that grow are seen with the next call. */
  show(lines: readonly Line[]): void {
    this.#lines = lines;
    if (this.#waiting) return;
    this.#waiting = true;
    const wait = Math.max(0, this.#drawn + DRAW_INTERVAL - performance.now());
    setTimeout(this.#askDraw, wait);
  }

  /** Tell those who do not see the picture; when an epoch ends, not at every step. */
  describe(): void {
    const words = trainText[this.#page.language];
    const values = this.#lines.flatMap(({ name, part, curve }) => {
      if (curve.last === undefined) return [];
      const called = part === "train" ? words.trainingPart : words.validationPart;
      return [words.curve(name, called, this.#format(curve.last))];
    });
    const label = `${words.byEpoch(this.#title())}: ${values.join("; ") || words.noCurves}`;
    this.#plot.setAttribute("aria-label", label);
  }

  #remake(): void {
    this.#caption.textContent = this.#title();
    this.#made = "";
    this.#colours.clear();
    this.#askDraw();
    this.describe();
  }

  #draw(): void {
    this.#waiting = false;
    this.#drawn = performance.now();
    const lines = this.#lines;
    const wanted = JSON.stringify(lines.map(({ name, cell, part, isFaint }) => [name, cell, part, isFaint]));
    if (!this.#uplot || wanted !== this.#made) {
      this.#uplot?.destroy();
      this.#uplot = new uPlot(this.#options(lines), dataOf(lines), this.#plot);
      this.#made = wanted;
      this.#values.textContent = "";
    } else this.#uplot.setData(dataOf(lines));
  }

  #colour(property: `--${string}`): string {
    const known = this.#colours.get(property) ?? colour(property);
    this.#colours.set(property, known);
    return known;
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(200, this.#plot.clientWidth), height: HEIGHT };
  }

  #format = (value: number): string => {
    const { language } = this.#page;
    if (this.#measure === "loss") return formatNumber(language, value, { maximumFractionDigits: 3 });
    return formatNumber(language, value, { style: "percent", maximumFractionDigits: 1 });
  };

  #options(lines: readonly Line[]): uPlot.Options {
    const axis = { stroke: this.#colour("--faint-ink"), grid: { stroke: this.#colour("--line"), width: 1 } };
    const format = (_: uPlot, ticks: number[]) => ticks.map((tick) => this.#format(tick));
    return {
      ...this.#size(),
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false },
      scales: {
        x: { time: false, range: (_, min, max) => [Math.min(0, min), Math.max(1, max) * 1.02] },
        y: { range: (_, min, max) => rangeOf(this.#measure, min, max) },
      },
      axes: [
        {
          ...axis,
          label: trainText[this.#page.language].epochAxis,
          labelSize: 20,
          size: 34,
          incrs: [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
        },
        { ...axis, values: format, size: 52 },
      ],
      series: [{}, ...lines.map((line) => this.#series(line))],
      hooks: { setCursor: [(plot) => this.#readOut(plot, lines)] },
    };
  }

  #series({ cell, part, isFaint }: Line): uPlot.Series {
    const stroke = this.#colour(isFaint ? `--${cell}-faint` : `--${cell}`);
    if (part === "train")
      return { stroke, width: isFaint ? 1 : 1.75, spanGaps: true, points: { show: false } };
    const points = { show: true, size: 7, stroke, fill: stroke };
    return { stroke, width: 1.25, dash: [5, 4], spanGaps: true, points };
  }

  /** The values nearest to the pointer. */
  #readOut({ cursor, data }: uPlot, lines: readonly Line[]): void {
    const place = cursor.idx;
    if (place === null || place === undefined) {
      this.#values.textContent = "";
      return;
    }
    const words = trainText[this.#page.language];
    const epoch = formatNumber(this.#page.language, data[0][place] ?? 0, { maximumFractionDigits: 2 });
    const values = lines.flatMap(({ name, part }, i) => {
      const value = nearest(data[i + 1]!, place);
      const called = part === "train" ? words.trainingPart : words.validationPart;
      return value === undefined ? [] : [words.curve(name, called, this.#format(value))];
    });
    this.#values.textContent = `${words.epochAxis} ${epoch}: ${values.join(", ")}`;
  }
}

/** From 0 to 1 where there is nothing yet: uPlot's limits are null then, whatever its types say. */
function rangeOf(measure: "loss" | "accuracy", min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  if (measure === "accuracy") return [Math.min(0.4, Math.floor(min * 10) / 10), 1];
  const margin = (max - min) * 0.08 || 0.1;
  return [Math.max(0, min - margin), max + margin];
}

/** Lines have points at other places; uPlot wants one row of places for all. */
function dataOf(lines: readonly Line[]): uPlot.AlignedData {
  if (lines.length === 0) return [[]];
  return uPlot.join(lines.map(({ curve }) => [[...curve.x], [...curve.y]]));
}

/** The last value at or before a place. */
function nearest(values: ArrayLike<number | null | undefined>, place: number): number | undefined {
  for (let i = place; i >= 0; i--) {
    const value = values[i];
    if (value !== null && value !== undefined) return value;
  }
  return undefined;
}

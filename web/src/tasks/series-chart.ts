/** Numbers over time, or over rows: lines, bands and points, drawn by uPlot. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, element } from "../elements.ts";
import type { Page } from "../page.ts";
import { formatNumber } from "../words.ts";

export interface SeriesLine {
  readonly name: string;
  /** As many as there are places; null where there is nothing. */
  readonly values: readonly (number | null)[];
  readonly colour: `--${string}`;
  readonly kind: "line" | "dashed" | "points";
}

/** Between two rows of numbers. */
export interface Band {
  readonly name: string;
  readonly lower: readonly (number | null)[];
  readonly upper: readonly (number | null)[];
}

export interface SeriesPicture {
  readonly caption: string;
  /** Milliseconds since 1970, read as UTC; or numbers of rows where `isTime` is false. Ascending. */
  readonly x: readonly number[];
  readonly isTime: boolean;
  readonly lines: readonly SeriesLine[];
  /** Wide ones first. */
  readonly bands: readonly Band[];
  /** For those who do not see it. */
  readonly label: string;
  /** A place, in words. */
  readonly placeText: (x: number) => string;
}

const HEIGHT = 300;
/** How a band covers what is behind it; the narrower ones lie on the wider. */
const BAND_ALPHA = "33";

export class SeriesChart {
  readonly element = element("figure", { class: "chart" });
  readonly #page: Page;
  readonly #caption = element("figcaption");
  readonly #legend = element("ul", { class: "legend" });
  readonly #plot = element("div", { role: "img", class: "plot" });
  readonly #values = element("p", { class: "values" });
  #picture: SeriesPicture | null = null;
  #uplot: uPlot | null = null;

  constructor(page: Page) {
    this.#page = page;
    this.element.append(this.#caption, this.#plot, this.#values, this.#legend);
    page.on("theme", () => this.#draw());
    new ResizeObserver(() => this.#uplot?.setSize(this.#size())).observe(this.#plot);
    this.element.hidden = true;
  }

  show(picture: SeriesPicture | null): void {
    this.#picture = picture;
    this.#draw();
  }

  #draw(): void {
    this.#uplot?.destroy();
    this.#uplot = null;
    const picture = this.#picture;
    this.element.hidden = picture === null;
    if (!picture) return;
    this.#caption.textContent = picture.caption;
    this.#plot.setAttribute("aria-label", picture.label);
    this.#values.textContent = "";
    this.#legend.replaceChildren(
      ...picture.lines.map(({ name, colour: property, kind }) => {
        const key = element("span", { class: `key ${kind}` });
        key.style.setProperty("--key", `var(${property})`);
        return element("li", {}, key, name);
      }),
      ...picture.bands.map(({ name }) => element("li", {}, element("span", { class: "key band" }), name)),
    );
    const x = picture.isTime ? picture.x.map((time) => time / 1000) : [...picture.x];
    const rows = [
      ...picture.lines.map(({ values }) => values),
      ...picture.bands.flatMap((band) => [band.upper, band.lower]),
    ];
    this.#uplot = new uPlot(this.#options(picture), [x, ...rows.map((row) => [...row])], this.#plot);
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(200, this.#plot.clientWidth), height: HEIGHT };
  }

  #options(picture: SeriesPicture): uPlot.Options {
    const { lines, bands, isTime } = picture;
    const [ink, grid, accent] = [colour("--faint-ink"), colour("--line"), colour("--accent")];
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 } };
    const number = (value: number) =>
      formatNumber(this.#page.language, value, {
        maximumSignificantDigits: 5,
        notation: Math.abs(value) >= 1e6 ? "compact" : "standard",
      });
    const first = 1 + lines.length;
    return {
      ...this.#size(),
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      scales: { x: { time: isTime } },
      axes: [
        { ...axis, ...(isTime && { values: timeTicks(this.#page.language) }) },
        { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : number(tick))) },
      ],
      series: [{}, ...lines.map(seriesOf), ...bands.flatMap(() => [edge, edge])],
      bands: bands.map((_, i) => ({ series: [first + 2 * i, first + 2 * i + 1], fill: withAlpha(accent) })),
      hooks: { setCursor: [(plot) => this.#readOut(plot, picture, number)] },
    };
  }

  /** The values at the pointer. */
  #readOut(
    { cursor }: uPlot,
    { x, lines, bands, placeText }: SeriesPicture,
    number: (value: number) => string,
  ) {
    const place = cursor.idx;
    if (place === null || place === undefined) {
      this.#values.textContent = "";
      return;
    }
    const said = [
      ...lines.flatMap(({ name, values }) =>
        values[place] == null ? [] : [`${name} ${number(values[place])}`],
      ),
      ...bands.flatMap(({ name, lower, upper }) =>
        lower[place] == null || upper[place] == null
          ? []
          : [`${name} ${number(lower[place])} … ${number(upper[place])}`],
      ),
    ];
    this.#values.textContent = `${placeText(x[place]!)}: ${said.join(", ")}`;
  }
}

const edge: uPlot.Series = { width: 0, points: { show: false }, stroke: "transparent" };

function seriesOf({ colour: property, kind }: SeriesLine): uPlot.Series {
  const stroke = colour(property);
  if (kind === "points")
    return { stroke, width: 0, paths: () => null, points: { show: true, size: 7, stroke, fill: stroke } };
  return {
    stroke,
    width: 1.75,
    points: { show: false },
    ...(kind === "dashed" && { dash: [5, 4] }),
  };
}

/** `rgb(1, 2, 3)` as a colour that lets through what is behind it. */
function withAlpha(rgb: string): string {
  const parts = rgb.match(/\d+/g)!.slice(0, 3);
  return `#${parts.map((part) => Number(part).toString(16).padStart(2, "0")).join("")}${BAND_ALPHA}`;
}

/** Ticks of days and longer as dates, of what is shorter with the hour. */
function timeTicks(language: string): uPlot.Axis.Values {
  const formats = {
    year: new Intl.DateTimeFormat(language, { year: "numeric", timeZone: "UTC" }),
    month: new Intl.DateTimeFormat(language, { year: "2-digit", month: "short", timeZone: "UTC" }),
    day: new Intl.DateTimeFormat(language, { month: "short", day: "numeric", timeZone: "UTC" }),
    hour: new Intl.DateTimeFormat(language, {
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      timeZone: "UTC",
    }),
  };
  return (_, ticks, __, ___, step) => {
    const days = step / 86_400;
    const name = days >= 360 ? "year" : days >= 28 ? "month" : days >= 1 ? "day" : "hour";
    return ticks.map((tick) => formats[name].format(tick * 1000));
  };
}

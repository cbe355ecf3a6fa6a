/** A chart of curves over the steps of a text, on a logarithmic axis; its step can be moved by key and pointer. */
import "uplot/dist/uPlot.min.css";
import uPlot from "uplot";
import { colour, element } from "./elements.ts";
import { inItsFrame } from "./frames.ts";
import { powerOfTen } from "./gradient-statistics.ts";

export interface Line {
  readonly name: string;
  readonly colour: "--lstm" | "--rnn";
  readonly dashed: boolean;
  /** One for each step; null is a gap. */
  readonly values: readonly (number | null)[];
}

export interface Chart {
  readonly title: string;
  readonly stepTitle: string;
  readonly lines: readonly Line[];
  /** Powers of ten. */
  readonly range: readonly [low: number, high: number];
  readonly steps: number;
  /** What is said of a step, counted from 0. */
  readonly say: (step: number) => string;
}

const HEIGHT = 280;
const DASH = [5, 4];

export class GradientChart {
  readonly figure = element("figure", { class: "gradient-chart" });
  readonly #title = element("figcaption");
  readonly #legend = element("ul", { class: "gradient-legend" });
  /** A slider along the steps, so that a screen reader says the step's values. */
  readonly #frame = element("div", { role: "slider", tabindex: 0, class: "gradient-frame" });
  readonly #readout = element("p", { class: "gradient-readout", "aria-hidden": "true" });
  readonly #moved: (step: number) => void;
  #plot: uPlot | undefined;
  /** What the plot was made for; another one is needed when it changes. */
  #made = "";
  #chart: Chart | undefined;
  #isComing = false;

  /** @param moved told of the step that a key or a pointer moved to */
  constructor(moved: (step: number) => void) {
    this.#moved = moved;
    this.#frame.style.minHeight = `${HEIGHT}px`; // the plot's place, before it is drawn
    this.figure.append(this.#title, this.#legend, this.#frame, this.#readout);
    this.#frame.addEventListener("keydown", (event) => {
      if (!this.#chart || event.altKey || event.metaKey || event.ctrlKey) return;
      const { steps } = this.#chart;
      const now = Number(this.#frame.ariaValueNow) - 1;
      const by = event.shiftKey ? 10 : 1;
      const next = {
        ArrowLeft: now - by,
        ArrowDown: now - by,
        ArrowRight: now + by,
        ArrowUp: now + by,
        PageDown: now - 10,
        PageUp: now + 10,
        Home: 0,
        End: steps - 1,
      }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      this.#moved(Math.min(Math.max(next, 0), steps - 1));
    });
    new ResizeObserver(() => {
      const width = this.#frame.clientWidth;
      if (width > 0 && width !== this.#plot?.width) this.#plot?.setSize({ width, height: HEIGHT });
    }).observe(this.#frame);
  }

  /** Draw, with the step marked, counted from 0. */
  show(chart: Chart, step: number): void {
    this.#chart = chart;
    this.#title.textContent = chart.title;
    this.#legend.replaceChildren(
      ...chart.lines.map(({ name, colour, dashed }) => {
        const swatch = element("span", { class: dashed ? "swatch dashed" : "swatch" });
        swatch.style.color = `var(${colour})`;
        return element("li", {}, swatch, name);
      }),
    );
    this.#frame.ariaLabel = chart.title;
    this.#frame.ariaValueMin = "1";
    this.#frame.ariaValueMax = String(chart.steps);
    this.mark(step);
    if (this.#isComing) return;
    this.#isComing = true;
    inItsFrame(() => this.#draw());
  }

  #draw(): void {
    this.#isComing = false;
    const chart = this.#chart!;
    const lines = chart.lines.map(({ colour: property, dashed }) => [colour(property), dashed]);
    const wanted = JSON.stringify([chart.stepTitle, chart.steps, lines]);
    if (this.#plot && wanted === this.#made) this.#plot.setData(columns(chart));
    else this.#make(chart);
    this.#made = wanted;
    if (this.#plot!.status === 1) this.#point();
  }

  #make(chart: Chart): void {
    this.#plot?.destroy();
    const given = options(chart, this.#frame.clientWidth || 300, () => this.#chart!.range);
    // Before it is ready it has no scale, so no place for a step.
    const hooks = { ready: [() => this.#point()] };
    this.#plot = new uPlot({ ...given, hooks }, columns(chart), this.#frame);
    // uPlot listens to the mouse alone; a finger goes along the steps, or scrolls the page.
    for (const type of ["pointermove", "pointerdown"] as const) {
      this.#plot.over.addEventListener(type, ({ offsetX }) => this.#moved(this.#plot!.posToIdx(offsetX)));
    }
  }

  /** Show another step, counted from 0. */
  mark(step: number): void {
    if (!this.#chart) return;
    const said = this.#chart.say(step);
    this.#frame.ariaValueNow = String(step + 1);
    this.#frame.ariaValueText = said;
    this.#readout.textContent = said;
    if (this.#plot?.status === 1) this.#point();
  }

  #point(): void {
    const left = this.#plot!.valToPos(Number(this.#frame.ariaValueNow), "x");
    this.#plot!.setCursor({ left, top: 0 }, false);
  }
}

function columns({ lines, steps }: Chart): uPlot.AlignedData {
  return [Array.from({ length: steps }, (_, t) => t + 1), ...lines.map(({ values }) => [...values])];
}

function options(
  { lines, stepTitle, steps }: Chart,
  width: number,
  range: () => Chart["range"],
): uPlot.Options {
  const ink = colour("--faint-ink");
  const grid = { stroke: colour("--line"), width: 1 };
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    // The view moves the cursor itself, in all its charts at once.
    cursor: {
      y: false,
      drag: { x: false, y: false },
      bind: { mousemove: () => null, mouseleave: () => null },
    },
    scales: {
      x: { time: false, range: [1, Math.max(steps, 2)] },
      y: { distr: 3, range: () => [...range()] },
    },
    axes: [
      { stroke: ink, grid, ticks: grid, font, label: stepTitle, labelFont: font, labelSize: 20, size: 34 },
      {
        stroke: ink,
        grid,
        ticks: grid,
        font,
        size: 52,
        splits: () => powers(range()),
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map((value) => powerOfTen(Math.round(Math.log10(value)))),
      },
    ],
    series: [
      {},
      ...lines.map(
        ({ name, colour: property, dashed }): uPlot.Series => ({
          label: name,
          stroke: colour(property),
          width: dashed ? 1.5 : 2.5,
          ...(dashed ? { dash: DASH } : {}),
          points: { show: false },
        }),
      ),
    ],
  };
}

/** At most nine powers of ten between the ends. */
function powers([low, high]: readonly [number, number]): number[] {
  const from = Math.round(Math.log10(low));
  const to = Math.round(Math.log10(high));
  const by = Math.ceil((to - from) / 8);
  const exponents: number[] = [];
  for (let exponent = to; exponent >= from; exponent -= by) exponents.unshift(exponent);
  return exponents.map((exponent) => 10 ** exponent);
}

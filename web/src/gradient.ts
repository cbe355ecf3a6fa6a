/** The view of the gradient: how much of the error reaches each step, in both cells and over the training. */
import "./gradient.css";
import { element } from "./elements.ts";
import { gradientText } from "./gradient.text.ts";
import { GradientChart, type Line } from "./gradient-chart.ts";
import { CELLS, flowOf, flowOfTwin, GradientFlows, untrainedOther, type View } from "./gradient-flows.ts";
import { decades, SMALLEST_CARRIED, scientific } from "./gradient-statistics.ts";
import type { LiveModel, Moment, Page } from "./page.ts";
import { select } from "./select.ts";
import { whenSeen } from "./when-seen.ts";
import { inWords } from "./words.ts";

/** How far before the last step the sentence above the charts looks, and the charts' mark at first. */
const BACK = 40;

export function mountGradient(section: HTMLElement, page: Page): void {
  new GradientView(section, page);
}

class GradientView {
  readonly #page: Page;
  readonly #note = element("p", { role: "status" });
  readonly #layer = select();
  readonly #epoch = element("input", { type: "range", min: 0, max: 0, value: 0, step: 1 });
  readonly #epochShown = element("output");
  readonly #isRelative = element("input", { type: "checkbox", checked: true });
  readonly #finding = element("p");
  readonly #ofH = new GradientChart((step) => this.#moveTo(step));
  readonly #ofC = new GradientChart((step) => this.#moveTo(step));
  readonly #layerNote = element("p", { class: "gradient-note" });
  readonly #noted = element("p", { class: "gradient-note" });
  readonly #view = element("div", { hidden: true });
  readonly #askDraw: () => void;

  #flows = new GradientFlows();
  #failure = "";
  /** Follows the training until the visitor goes back to an earlier epoch. */
  #isFollowing = true;
  /** From 0; none before there is something to point at. */
  #step: number | undefined;

  constructor(section: HTMLElement, page: Page) {
    this.#page = page;
    this.#askDraw = whenSeen(section, () => this.#draw());
    this.#build(section);
    this.#layer.list.addEventListener("change", () => this.#draw());
    this.#isRelative.addEventListener("change", () => this.#draw());
    this.#epoch.addEventListener("input", () => {
      this.#isFollowing = this.#epoch.value === this.#epoch.max;
      this.#draw();
    });
    page.on("theme", this.#askDraw);
    page.on("models", (models) => {
      this.#flows = new GradientFlows();
      this.#isFollowing = true;
      return this.#guard(this.#begin(models));
    });
    // Awaited: the weights are those of the epoch's end.
    page.on("epoch", (moment) => this.#guard(this.#goOn(moment)));
  }

  #build(section: HTMLElement): void {
    const title = element("h2", { id: "gradient-title" });
    const lead = element("p", { class: "lead" });
    const look = element("p", { class: "lead" });
    const epoch = element("span");
    const relative = element("span");
    const cNote = element("p", { class: "gradient-note" });
    const controls = element(
      "div",
      { class: "gradient-controls" },
      this.#layer.field,
      element("label", {}, epoch, this.#epoch, this.#epochShown),
      element("label", {}, this.#isRelative, relative),
    );
    const charts = element("div", { class: "gradient-charts" }, this.#ofH.figure, this.#ofC.figure);
    this.#view.append(controls, this.#finding, charts, cNote, this.#layerNote, this.#noted);
    section.append(title, lead, look, this.#note, this.#view);
    inWords(this.#page, gradientText, (words) => {
      title.textContent = words.title;
      lead.textContent = words.lead;
      look.textContent = words.look;
      this.#layer.name.textContent = words.layer;
      epoch.textContent = words.epoch;
      relative.textContent = words.relative;
      cNote.textContent = words.cNote;
      this.#layerNote.textContent = words.layerNote;
      this.#say();
      this.#askDraw();
    });
  }

  /** The gradients before training, of the cells that are there and of the one that is not. */
  async #begin(models: readonly LiveModel[]): Promise<void> {
    const sample = this.#page.reading?.sample;
    if (!sample) return;
    // Gradients of models that have left the page go with these.
    const flows = this.#flows;
    for (const live of models) {
      if (live.source === "file") flows.add(live.cell, 1, await flowOf(live.model, sample));
      flows.add(live.cell, 0, await flowOfTwin(live.twin(), sample));
      this.#askDraw();
    }
    const other = CELLS.find((cell) => models.every((live) => live.cell !== cell));
    if (models[0] && other) {
      flows.add(other, 0, await flowOfTwin(untrainedOther(models[0], other), sample));
    }
  }

  async #goOn({ cell, model, epoch }: Moment): Promise<void> {
    const sample = this.#page.reading?.sample;
    const flows = this.#flows;
    if (sample) flows.add(cell, epoch, await flowOf(model, sample));
  }

  /** Waits for gradients and draws; says what went wrong, unless the models have left the page since. */
  async #guard(work: Promise<void>): Promise<void> {
    const { models } = this.#page;
    this.#failure = "";
    try {
      await work;
    } catch (error) {
      if (models === this.#page.models)
        this.#failure = error instanceof Error ? error.message : String(error);
    }
    this.#say();
    this.#askDraw();
  }

  #say(): void {
    const words = gradientText[this.#page.language];
    const { models, reading } = this.#page;
    if (this.#failure) this.#note.textContent = words.failed(this.#failure);
    else if (models.length === 0) this.#note.textContent = words.noModel;
    else this.#note.textContent = reading?.sample ? "" : words.noSample;
    this.#note.hidden = this.#note.textContent === "";
  }

  #draw(): void {
    const words = gradientText[this.#page.language];
    const flows = this.#flows;
    const { size } = flows;
    this.#view.hidden = !size;
    if (!size) return;
    const { layers, samples, steps } = size;
    this.#layer.field.hidden = layers < 2;
    // Into the last layer the error comes at the last step alone: its curves are the plainest.
    this.#layer.offer(
      Array.from({ length: layers }, (_, l) => [String(l), words.layerName(l + 1, layers)]),
      String(layers - 1),
    );
    const shown = this.#offerEpochs();
    const view = { layer: Number(this.#layer.list.value), isRelative: this.#isRelative.checked };
    const back = Math.min(BACK, steps >> 1);
    this.#step = Math.min(this.#step ?? steps - 1 - back, steps - 1);
    // One range for both charts and all epochs, so that heights compare and nothing jumps.
    const common = { stepTitle: words.step, range: decades(flows.everyCurve(view)), steps };
    for (const [chart, title, of] of [
      [this.#ofH, words.hTitle, "dh"],
      [this.#ofC, words.cTitle, "dc"],
    ] as const) {
      const lines = this.#lines(shown, { ...view, of });
      chart.figure.hidden = lines.length === 0;
      if (lines.length === 0) continue;
      const say = (step: number): string => words.at(step + 1, steps, this.#written(lines, step));
      chart.show({ ...common, title, lines, say }, this.#step);
    }
    const relative = this.#lines(shown, { ...view, of: "dh", isRelative: true });
    this.#finding.textContent = words.left(back, this.#written(relative, steps - 1 - back));
    this.#layerNote.hidden = layers < 2;
    this.#noted.textContent = words.noted(samples, scientific(SMALLEST_CARRIED));
  }

  /** @returns the epoch to show, 0 for the start */
  #offerEpochs(): number {
    const words = gradientText[this.#page.language];
    const last = this.#flows.lastEpoch;
    this.#epoch.max = String(last);
    this.#epoch.disabled = last === 0;
    if (this.#isFollowing) this.#epoch.value = String(last);
    const epoch = Number(this.#epoch.value);
    const isFile = this.#page.models[0]?.source === "file";
    this.#epochShown.textContent = epoch === 0 ? words.start : isFile ? words.loaded : words.after(epoch);
    this.#epoch.setAttribute("aria-valuetext", this.#epochShown.textContent);
    return epoch;
  }

  /** Each cell's curve of the epoch, where it has one, and its dashed one of the start. */
  #lines(epoch: number, view: View): Line[] {
    const words = gradientText[this.#page.language];
    return CELLS.flatMap((cell) => {
      const colour = `--${cell}` as const;
      const name = words.cells[cell];
      const now = epoch > 0 ? this.#flows.curve(cell, epoch, view) : undefined;
      const start = this.#flows.curve(cell, 0, view);
      return [
        ...(now ? [{ name, colour, dashed: false, values: now }] : []),
        ...(start ? [{ name: words.untrained(name), colour, dashed: true, values: start }] : []),
      ];
    });
  }

  #written(lines: readonly Line[], step: number): string {
    const words = gradientText[this.#page.language];
    return lines
      .map(({ name, values }) => {
        const value = values[step];
        return words.valueOf(name, value ? scientific(value) : words.nothing);
      })
      .join("; ");
  }

  #moveTo(step: number): void {
    this.#step = step;
    for (const chart of [this.#ofH, this.#ofC]) if (!chart.figure.hidden) chart.mark(step);
  }
}

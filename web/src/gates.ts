/** The view of the gates: what a model does with the text, word by word and unit by unit. */
import "./gates.css";
import type { Model, Trace } from "lstmkit";
import { formingOutputs } from "../../src/picture/forming.ts";
import { element, prefersStill } from "./elements.ts";
import { gatesText } from "./gates.text.ts";
import { GatesPicture, type Panel } from "./gates-picture.ts";
import { cellTold, findings, labelOf, movesOf, panelTitle, type Telling, tableOf } from "./gates-told.ts";
import { type EncodedText, type LiveModel, layerTitle, type Page, titleOf } from "./page.ts";
import { answersOf, type Passage, passageOf } from "./passage.ts";
import { select } from "./select.ts";
import { extent, type UnitOrder } from "./trace-statistics.ts";
import { whenSeen } from "./when-seen.ts";
import { formatNumber, inWords } from "./words.ts";

const ORDERS: readonly UnitOrder[] = ["number", "mean", "change"];
/** Narrower than this there is one panel at a time, in CSS pixels. */
const ROOM_FOR_ALL = 700;
/** While the model trains, the picture follows it at most this often, in milliseconds. */
const FOLLOW = 1000;

/** A trace, and the text and answers it belongs to. */
interface Traced {
  readonly trace: Trace;
  readonly layers: Model["layers"];
  readonly text: EncodedText;
  readonly answers: readonly number[];
}

export function mountGates(section: HTMLElement, page: Page): void {
  new GatesView(section, page);
}

class GatesView {
  readonly #page: Page;
  readonly #section: HTMLElement;
  readonly #lead = element("p", { class: "lead" });
  readonly #note = element("p", { role: "status" });
  readonly #model = select();
  readonly #layer = select();
  readonly #panel = select();
  readonly #order = select();
  readonly #padding = element("input", { type: "checkbox" });
  readonly #stretch = element("input", { type: "checkbox" });
  readonly #finding = element("p");
  readonly #picture = new GatesPicture((cell, byKey) => this.#tell(cell, byKey));
  readonly #readout = element("p", { class: "gates-readout", "aria-atomic": "true" });
  readonly #table = element("div", { class: "gates-table", tabindex: 0, role: "region" });
  readonly #details = element("details", {});
  readonly #view = element("div", { hidden: true });
  /** Both wait until the section is seen. */
  readonly #askTrace: () => void;
  readonly #askDraw: () => void;

  #traced: Traced | undefined;
  #passage: Passage | undefined;
  #hasRoom = true;
  #isTracing = false;
  #isAskedAgain = false;
  #lastFollowed = -Infinity;

  constructor(section: HTMLElement, page: Page) {
    this.#section = section;
    this.#page = page;
    this.#askTrace = whenSeen(section, () => void this.#trace());
    this.#askDraw = whenSeen(section, () => this.#draw());
    this.#build();
    this.#listen();
  }

  #build(): void {
    const title = element("h2", { id: "gates-title" });
    const padding = element("span");
    const stretch = element("span");
    const help = element("p", { id: "gates-help", class: "unseen" });
    const summary = element("summary");
    this.#details.append(summary, this.#table);
    this.#picture.frame.setAttribute("aria-describedby", help.id);
    const controls = element(
      "div",
      { class: "gates-controls" },
      ...[this.#model, this.#layer, this.#panel, this.#order].map(({ field }) => field),
      element("label", {}, this.#padding, padding),
      element("label", {}, this.#stretch, stretch),
    );
    this.#view.append(controls, this.#finding, help, this.#picture.frame, this.#readout, this.#details);
    this.#section.append(title, this.#lead, this.#note, this.#view);
    inWords(this.#page, gatesText, (words) => {
      title.textContent = words.title;
      this.#model.name.textContent = words.model;
      this.#layer.name.textContent = words.layer;
      this.#panel.name.textContent = words.panel;
      this.#order.name.textContent = words.order;
      padding.textContent = words.padding;
      stretch.textContent = words.stretch;
      help.textContent = words.help;
      summary.textContent = words.table;
      this.#table.setAttribute("aria-label", words.table);
      this.#order.offer(ORDERS.map((name) => [name, words.orders[name]]));
      this.#offerModels();
      this.#say();
      this.#askDraw();
    });
  }

  #listen(): void {
    const page = this.#page;
    const lists = [this.#layer, this.#panel, this.#order].map(({ list }) => list);
    for (const control of [...lists, this.#padding, this.#stretch]) {
      control.addEventListener("change", () => this.#draw());
    }
    this.#model.list.addEventListener("change", () => void this.#trace());
    this.#details.addEventListener("toggle", () => this.#draw());
    page.on("theme", this.#askDraw);
    page.on("text", this.#askTrace);
    page.on("models", () => {
      this.#offerModels();
      this.#say();
      this.#askTrace();
    });
    // Training does not wait for the picture.
    page.on("epoch", ({ cell }) => {
      if (cell === this.#current()?.cell) this.#askTrace();
    });
    page.on("batch", ({ cell }) => {
      const now = performance.now();
      if (prefersStill() || cell !== this.#current()?.cell || now < this.#lastFollowed + FOLLOW) return;
      this.#lastFollowed = now;
      this.#askTrace();
    });
    new ResizeObserver(([entry]) => {
      const { width } = entry!.contentRect;
      const hasRoom = width >= ROOM_FOR_ALL;
      if (width === 0 || hasRoom === this.#hasRoom) return;
      this.#hasRoom = hasRoom;
      if (hasRoom) this.#panel.offer([["all", ""]]); // chosen, where there was no room for it
      this.#askDraw();
    }).observe(this.#section);
    // The explanation links to panels, which may not be there yet.
    document.addEventListener("click", (event) => {
      const link =
        event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null;
      const [, name] = /^#panel-(\w+)$/.exec(link?.hash ?? "") ?? [];
      if (name === undefined) return;
      event.preventDefault();
      void this.#goTo(name);
    });
  }

  #current(): LiveModel | undefined {
    const { models } = this.#page;
    return models.find(({ cell }) => cell === this.#model.list.value) ?? models[0];
  }

  #offerModels(): void {
    const { models } = this.#page;
    this.#model.offer(models.map(({ cell, model }) => [cell, titleOf(model)]));
    this.#model.field.hidden = models.length < 2;
  }

  /** One trace at a time: what is asked for meanwhile is asked once more when it is done. */
  async #trace(): Promise<void> {
    this.#isAskedAgain = this.#isTracing;
    if (this.#isTracing) return;
    this.#isTracing = true;
    const live = this.#current();
    let failure: unknown;
    try {
      this.#traced = await traced(live, this.#page.text);
    } catch (error) {
      this.#traced = undefined;
      // A model that has left the page may well refuse.
      if (live && this.#page.models.includes(live)) failure = error;
    }
    this.#isTracing = false;
    if (this.#isAskedAgain) return this.#trace();
    this.#draw();
    this.#say(failure);
  }

  /** What there is to say beside the picture, or in its place. */
  #say(failure?: unknown): void {
    const words = gatesText[this.#page.language];
    const { models, text } = this.#page;
    const live = this.#current();
    const leads: Record<string, string> = { LSTM: words.lead, SimpleRNN: words.leadSimpleRNN };
    this.#lead.textContent = live ? (leads[titleOf(live.model)] ?? words.leadOther) : words.lead;
    if (failure !== undefined) {
      this.#note.textContent = words.failed(failure instanceof Error ? failure.message : String(failure));
    } else if (models.length === 0) this.#note.textContent = words.noModel;
    else this.#note.textContent = hasWords(text) ? "" : words.noText;
    this.#note.hidden = this.#note.textContent === "";
  }

  #draw(): void {
    const page = this.#page;
    const words = gatesText[page.language];
    const layers = this.#traced?.trace.layers ?? [];
    // The last layer is the one that the prediction is read from.
    this.#layer.offer(
      layers.map(({ type, units }, l) => [String(l), words.layerName(l + 1, layerTitle(type), units)]),
      String(layers.length - 1),
    );
    const passage =
      this.#traced &&
      passageOf(this.#traced.trace, this.#traced.layers, this.#traced.answers, this.#traced.text.steps, {
        layer: Number(this.#layer.list.value),
        withPadding: this.#padding.checked,
        order: this.#order.list.value as UnitOrder,
      });
    this.#passage = passage;
    this.#view.hidden = !passage;
    if (!passage) return;
    const panels = Object.keys(passage.kinds);
    const telling = this.#telling();
    const title = (name: string) => panelTitle(telling, passage, name);
    this.#panel.field.hidden = panels.length < 2;
    this.#panel.offer([
      ...(this.#hasRoom ? [["all", words.all] as const] : []),
      ...panels.map((name) => [name, title(name)] as const),
    ]);
    const chosen = this.#panel.list.value;
    const moves = movesOf(telling, passage);
    this.#picture.frame.setAttribute("aria-label", words.picture);
    this.#picture.show({
      wordTitle: words.word,
      answerTitle: words.answer,
      classes: telling.classes,
      theme: page.theme,
      rows: passage.steps.map((step, row) => ({
        label: labelOf(telling, step),
        faint: step.kind !== "known",
        move: moves[row]!,
        answer: passage.answers[row]!,
      })),
      panels: panels
        .filter((name) => chosen === "all" || chosen === name || panels.length === 1)
        .map((name) => panelOf(passage, name, title(name), this.#stretch.checked)),
    });
    const shared = this.#picture.unitsPerColumn;
    this.#finding.textContent = [
      findings(telling, passage),
      shared > 1 ? words.shared(formatNumber(page.language, shared, { maximumFractionDigits: 1 })) : "",
    ].join(" ");
    this.#tell(this.#picture.cell, false);
    if (this.#details.open) this.#table.replaceChildren(tableOf(telling, passage));
  }

  #telling(): Telling {
    return { language: this.#page.language, classes: this.#page.reading?.classes ?? ["0", "1"] };
  }

  /** A screen reader is told only where the keyboard moved the cell. */
  #tell(cell: { row: number; column: number }, byKey: boolean): void {
    if (!this.#passage) return;
    this.#readout.ariaLive = byKey ? "polite" : "off";
    this.#readout.replaceChildren(...cellTold(this.#telling(), this.#passage, cell));
  }

  async #goTo(name: string): Promise<void> {
    const { models } = this.#page;
    const lacksIt = name !== "h" && this.#current()?.cell !== "lstm";
    if (lacksIt && models.some(({ cell }) => cell === "lstm")) this.#model.list.value = "lstm";
    await this.#trace();
    if (!this.#passage?.values[name]) {
      this.#section.scrollIntoView();
      return;
    }
    if (this.#panel.list.value !== "all") {
      this.#panel.list.value = name;
      this.#draw();
    }
    this.#picture.frame.scrollIntoView();
    this.#picture.frame.focus({ preventScroll: true });
  }
}

function hasWords(text: EncodedText | null): text is EncodedText {
  return text?.steps.some(({ word }) => word !== "") ?? false;
}

async function traced(live: LiveModel | undefined, text: EncodedText | null): Promise<Traced | undefined> {
  if (!live || !hasWords(text)) return undefined;
  const trace = await live.model.trace(text.x);
  const { layers } = live.model;
  const outputs = await formingOutputs(live.model, text.x, trace.outputs);
  return { trace, layers, text, answers: answersOf({ outputs }, layers) };
}

/** @param isStretched the scale ends where the values do, else where they can */
function panelOf(passage: Passage, name: string, title: string, isStretched: boolean): Panel {
  const { rows, units, order } = passage;
  const values = passage.values[name]!;
  const [least, most] = extent(values);
  const isGate = passage.kinds[name]!.range === "gate";
  let [low, high] = [0, 1];
  if (isGate && isStretched && least < most) [low, high] = [least, most];
  // Most states are within ±1; a cell has no bound of its own.
  if (!isGate) high = Math.max(-least, most, isStretched ? 0 : 1) || 1;
  if (!isGate) low = -high;
  const map = { values, rows, units, order, low, high };
  return {
    name,
    title,
    kind: isGate ? "sequential" : "diverging",
    map,
    low: written(low),
    high: written(high),
  };
}

function written(end: number): string {
  return String(Number(end.toPrecision(2))).replace("-", "−");
}

/** The view of the gates: what a model does with the text, word by word and unit by unit. */
import "./gates.css";
import { element, prefersStill } from "./elements.ts";
import { gatesText, type PanelName } from "./gates.text.ts";
import { GatesPicture, type Panel } from "./gates-picture.ts";
import type { Cell } from "./heat-map.ts";
import type { EncodedText, LiveModel, Page, Step } from "./page.ts";
import { select } from "./select.ts";
import {
  erasures,
  largest,
  largestMagnitude,
  moves,
  orderUnits,
  rowMeans,
  type UnitOrder,
} from "./trace-statistics.ts";
import type { LayerTrace, TModel, Trace } from "./trace-types.ts";
import { formatNumber, inWords } from "./words.ts";

const PANELS: readonly PanelName[] = ["f", "i", "g", "c", "o", "h"];
const ORDERS: readonly UnitOrder[] = ["number", "mean", "change"];
/** Narrower than this there is one panel at a time, in CSS pixels. */
const ROOM_FOR_ALL = 700;
/** While the model trains, the picture follows it at most this often, in milliseconds. */
const FOLLOW = 1000;
/** A move of the prediction that is worth naming. */
const NOTABLE = 0.05;

/** A trace with the text and the model it belongs to. */
interface Shown {
  readonly trace: Trace;
  readonly text: EncodedText;
  /** The answer after each step, 0 … 1. */
  readonly answers: readonly number[];
}

/** The steps that are shown of a layer, cut out of the trace. */
interface Part {
  readonly layer: LayerTrace;
  readonly first: number;
  readonly rows: number;
  readonly steps: readonly Step[];
  readonly order: Uint16Array;
}

export function mountGates(section: HTMLElement, page: Page): void {
  const title = element("h2", { id: "gates-title" });
  const lead = element("p", { class: "lead" });
  const note = element("p", { role: "status" });
  const model = select();
  const layer = select();
  const panel = select();
  const order = select();
  const padding = element("input", { type: "checkbox" });
  const paddingName = element("span");
  const controls = element(
    "div",
    { class: "gates-controls" },
    model.field,
    layer.field,
    panel.field,
    order.field,
    element("label", {}, padding, paddingName),
  );
  const finding = element("p");
  const help = element("p", { id: "gates-help", class: "unseen" });
  const readout = element("p", { id: "gates-readout", class: "gates-readout", "aria-atomic": "true" });
  const summary = element("summary");
  const table = element("div", { class: "gates-table", tabindex: 0, role: "region" });
  const details = element("details", {}, summary, table);
  const picture = new GatesPicture((cell, byKey) => tell(cell, byKey));
  picture.frame.setAttribute("aria-describedby", "gates-help");
  const view = element("div", {}, controls, finding, help, picture.frame, readout, details);
  section.append(title, lead, note, view);

  let shown: Shown | undefined;
  let part: Part | undefined;
  let wide = true;

  const current = (): LiveModel | undefined =>
    page.models.find(({ cell }) => cell === model.list.value) ?? page.models[0];

  // One trace at a time: what is asked for meanwhile is asked once, when it is done.
  let running = false;
  let again = false;
  const follow = async (): Promise<void> => {
    again = running;
    if (running) return;
    running = true;
    const live = current();
    const { text } = page;
    try {
      shown = live && text ? await traced(live, text) : undefined;
      note.textContent = "";
    } catch (error) {
      shown = undefined;
      // The model has left the page; its successor is told of, or there is none.
      if (live && page.models.includes(live)) {
        note.textContent = gatesText[page.language].failed(
          error instanceof Error ? error.message : String(error),
        );
      }
    }
    running = false;
    if (again) await follow();
    else draw();
  };

  const draw = (): void => {
    const words = gatesText[page.language];
    part = shown && cut(shown, Number(layer.list.value), padding.checked, order.list.value as UnitOrder);
    view.hidden = !part;
    lead.textContent = current()?.cell === "rnn" ? words.leadSimpleRNN : words.lead;
    if (!shown || !part) {
      if (!note.textContent) note.textContent = page.models.length ? words.noText : words.noModel;
      return;
    }
    const panels = PANELS.filter((name) => part!.layer[name]);
    model.field.hidden = page.models.length < 2;
    panel.field.hidden = panels.length < 2;
    layer.offer(
      shown.trace.layers.map(({ type, units }, l) => [
        String(l),
        words.layerName(l + 1, type === "lstm" ? words.cells.lstm : words.cells.rnn, units),
      ]),
    );
    panel.offer([
      ...(wide ? [["all", words.all] as const] : []),
      ...panels.map((name) => [name, words.panels[name]] as const),
    ]);
    const chosen = panels.filter(
      (name) => panel.list.value === "all" || panel.list.value === name || panels.length === 1,
    );
    const classes = page.reading?.classes ?? ["0", "1"];
    const { rows } = part;
    const answers = shown.answers.slice(part.first, part.first + rows);
    const moved = moves(shown.answers).slice(part.first);
    const notable = new Set(largest(moved.map(Math.abs), 3, NOTABLE));
    picture.show({
      wordTitle: words.word,
      answerTitle: words.answer,
      classes,
      theme: page.theme,
      rows: part.steps.map((step, row) => ({
        label: label(step),
        faint: step.kind !== "known",
        move: notable.has(row) ? points(moved[row]!) : "",
        answer: answers[row]!,
      })),
      panels: chosen.map((name) => panelOf(part!, name, words.panels[name])),
    });
    picture.frame.setAttribute("aria-label", words.picture);
    finding.textContent = findings(shown, part);
    tell(picture.cell, false);
    if (details.open) fillTable();
  };

  const label = ({ word, kind }: Step): string => {
    const words = gatesText[page.language];
    if (kind === "padding") return words.paddingStep;
    if (kind === "start") return words.start;
    return kind === "unknown" ? words.unknown(word) : word;
  };
  const share = (value: number): string =>
    formatNumber(page.language, value, { style: "percent", maximumFractionDigits: 0 });
  const points = (value: number): string =>
    formatNumber(page.language, value * 100, { maximumFractionDigits: 0, signDisplay: "exceptZero" });

  const findings = ({ answers }: Shown, { layer, first, rows, steps }: Part): string => {
    const words = gatesText[page.language];
    const said: string[] = [];
    const { f, c, units } = layer;
    if (f && c) {
      const erased = erasures(f.data, c.data, answers.length, units).slice(first, first + rows);
      const most = largest(
        erased.map(({ amount }) => amount),
        3,
        Number.MIN_VALUE,
      );
      if (most.length) {
        said.push(
          words.erased(
            words.list(most.map((row) => words.erasedAt(label(steps[row]!), share(erased[row]!.share)))),
          ),
        );
      }
    }
    const moved = moves(answers).slice(first, first + rows);
    const most = largest(moved.map(Math.abs), 3, NOTABLE);
    if (most.length) {
      const towards = (row: number): string =>
        words.movedAt(
          label(steps[row]!),
          points(Math.abs(moved[row]!)).replace("+", ""),
          page.reading!.classes[moved[row]! > 0 ? 1 : 0],
        );
      said.push(words.moved(words.list(most.map(towards))));
    }
    const shared = picture.unitsPerColumn;
    if (shared > 1)
      said.push(words.shared(formatNumber(page.language, shared, { maximumFractionDigits: 1 })));
    return said.join(" ");
  };

  /** Says what is at a cell. A screen reader is told only where the keyboard moved it. */
  const tell = ({ row, column }: Cell, byKey: boolean): void => {
    if (!shown || !part) return;
    const words = gatesText[page.language];
    const { layer, first, rows, steps, order: units } = part;
    const unit = units[column]!;
    const values = PANELS.flatMap((name) => {
      const tensor = layer[name];
      if (!tensor) return [];
      const value = tensor.data[(first + row) * layer.units + unit]!;
      return `${words.panels[name]} ${formatNumber(page.language, value, { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
    });
    const answer = shown.answers[first + row]!;
    const leaning = answer < 0.5 ? 0 : 1;
    readout.ariaLive = byKey ? "polite" : "off";
    readout.replaceChildren(
      element("strong", {}, words.place(row + 1, rows, label(steps[row]!), unit + 1)),
      ` ${values.join(" · ")}. `,
      words.answerHere(
        share(leaning ? answer : 1 - answer),
        page.reading?.classes[leaning] ?? String(leaning),
      ),
    );
  };

  const fillTable = (): void => {
    if (!shown || !part) return;
    const words = gatesText[page.language];
    const { layer, first, rows, steps } = part;
    const { f, c, units } = layer;
    const all = shown.answers.length;
    const erased = f && c && erasures(f.data, c.data, all, units);
    const means = f && rowMeans(f.data, all, units);
    const head = [words.word, `${words.answer} (${page.reading?.classes[1] ?? "1"})`];
    if (f) head.push(words.meanForget, words.erasedShare);
    table.replaceChildren(
      element(
        "table",
        {},
        element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, name)))),
        element(
          "tbody",
          {},
          ...Array.from({ length: rows }, (_, row) => {
            const at = first + row;
            const cells = [share(shown!.answers[at]!)];
            if (means && erased) {
              cells.push(
                formatNumber(page.language, means[at]!, {
                  minimumFractionDigits: 2,
                  maximumFractionDigits: 2,
                }),
                share(erased[at]!.share),
              );
            }
            return element(
              "tr",
              {},
              element("th", { scope: "row" }, label(steps[row]!)),
              ...cells.map((cell) => element("td", {}, cell)),
            );
          }),
        ),
      ),
    );
  };

  inWords(page, gatesText, (words) => {
    title.textContent = words.title;
    note.textContent = "";
    model.name.textContent = words.model;
    layer.name.textContent = words.layer;
    panel.name.textContent = words.panel;
    order.name.textContent = words.order;
    paddingName.textContent = words.padding;
    help.textContent = words.help;
    summary.textContent = words.table;
    table.setAttribute("aria-label", words.table);
    model.offer(page.models.map(({ cell }) => [cell, words.cells[cell]]));
    order.offer(ORDERS.map((name) => [name, words.orders[name]]));
    draw();
  });
  for (const { field } of [layer, panel, order]) field.addEventListener("change", draw);
  model.field.addEventListener("change", follow);
  padding.addEventListener("change", draw);
  details.addEventListener("toggle", () => details.open && fillTable());
  page.on("theme", draw);
  page.on("text", follow);
  page.on("models", (models) => {
    model.offer(models.map(({ cell }) => [cell, gatesText[page.language].cells[cell]]));
    return follow();
  });
  // Not awaited: training need not wait for a picture.
  page.on("epoch", ({ cell }) => void (cell === current()?.cell && follow()));
  let seen = false;
  new IntersectionObserver((entries) => {
    seen = entries.at(-1)!.isIntersecting;
  }).observe(view);
  let followed = 0;
  page.on("batch", ({ cell }) => {
    const now = performance.now();
    if (!seen || prefersStill() || cell !== current()?.cell || now < followed + FOLLOW) return;
    followed = now;
    void follow();
  });
  new ResizeObserver(([entry]) => {
    const fits = entry!.contentRect.width >= ROOM_FOR_ALL;
    if (fits === wide || entry!.contentRect.width === 0) return;
    wide = fits;
    if (wide) panel.offer([["all", ""]]);
    draw();
  }).observe(section);
  // A link of the explanation names a panel, which may not be there yet.
  const toPanel = async (name: PanelName): Promise<void> => {
    if (name !== "h" && !part?.layer[name] && page.models.some(({ cell }) => cell === "lstm")) {
      model.list.value = "lstm";
      await follow();
    }
    if (!part?.layer[name]) {
      section.scrollIntoView();
      return;
    }
    if (panel.list.value !== "all") {
      panel.list.value = name;
      draw();
    }
    picture.frame.scrollIntoView();
    picture.frame.focus({ preventScroll: true });
  };
  document.addEventListener("click", (event) => {
    const link =
      event.target instanceof Element && event.target.closest<HTMLAnchorElement>('a[href^="#panel-"]');
    const name = link && PANELS.find((candidate) => link.hash === `#panel-${candidate}`);
    if (!name) return;
    event.preventDefault();
    void toPanel(name);
  });
}

async function traced({ model }: LiveModel, text: EncodedText): Promise<Shown> {
  const trace = await (model as TModel).trace(text.x);
  const head = model.layers.at(-1)!;
  const [, steps, outputs] = trace.outputs.shape as [number, number, number];
  // A head without a sigmoid gives logits.
  const isLogit = head.type === "dense" && head.activation !== "sigmoid";
  const answers = Array.from({ length: steps }, (_, step) => {
    const value = trace.outputs.data[step * outputs]!;
    return Math.min(Math.max(isLogit ? 1 / (1 + Math.exp(-value)) : value, 0), 1);
  });
  return { trace, text, answers };
}

/** The steps from the first to the last that are no padding, or all of them. */
function cut({ trace, text }: Shown, index: number, withPadding: boolean, by: UnitOrder): Part | undefined {
  const layer = trace.layers[index] ?? trace.layers[0];
  const isWord = ({ kind }: Step): boolean => withPadding || kind !== "padding";
  const first = text.steps.findIndex(isWord);
  if (!layer || first < 0) return undefined;
  const rows = text.steps.findLastIndex(isWord) + 1 - first;
  const state = within(layer.c ?? layer.h, first, rows, layer.units);
  return {
    layer,
    first,
    rows,
    steps: text.steps.slice(first, first + rows),
    order: orderUnits(state, rows, layer.units, by),
  };
}

function panelOf({ layer, first, rows, order }: Part, name: PanelName, title: string): Panel {
  const values = within(layer[name]!, first, rows, layer.units);
  const map = { values, rows, units: layer.units, order };
  if (name === "f" || name === "i" || name === "o") {
    return { name, title, kind: "sequential", map: { ...map, low: 0, high: 1 }, low: "0", high: "1" };
  }
  const most = name === "c" ? largestMagnitude(values) : 1;
  const end = String(Number(most.toPrecision(2)));
  return {
    name,
    title,
    kind: "diverging",
    map: { ...map, low: -most, high: most },
    low: `−${end}`,
    high: end,
  };
}

function within(tensor: { data: Float32Array }, first: number, rows: number, units: number): Float32Array {
  return tensor.data.subarray(first * units, (first + rows) * units);
}

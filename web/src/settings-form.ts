/** The form of a run's settings. */
import { whyNotShared } from "../../src/wasm/platform.ts";
import { element } from "./elements.ts";
import type { Page } from "./page.ts";
import {
  DEFAULT_UNITS,
  NUMBERS,
  type NumberName,
  parseNumber,
  parseUnits,
  type Settings,
} from "./settings.ts";
import { trainText } from "./train.text.ts";
import { inWords } from "./words.ts";

const CELLS = ["lstm", "rnn", "both"] as const;

/** Seen at once; the others are under "More settings". */
const FIRST: readonly NumberName[] = ["epochs", "seed"];
const MORE: readonly NumberName[] = [
  "outputDim",
  "dropout",
  "learningRate",
  "batchSize",
  "validationFreq",
  "maxLen",
  "numWords",
];

const MOST_THREADS = 16;

interface Field {
  readonly box: HTMLElement;
  readonly input: HTMLInputElement;
  readonly wrong: HTMLElement;
}

/** A field with its label, what it means, and a place for what is wrong with it. */
function field(page: Page, id: string, name: NumberName | "units"): Field {
  const label = element("label", { for: id });
  const about = element("span", { class: "about", id: `${id}-about` });
  const wrong = element("span", { class: "wrong", id: `${id}-wrong`, hidden: true });
  const input = element("input", {
    id,
    type: "text",
    inputmode: name === "dropout" || name === "learningRate" ? "decimal" : "numeric",
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": `${about.id} ${wrong.id}`,
  });
  inWords(page, trainText, (words) => {
    label.textContent = name === "units" ? words.units : words.labels[name];
    about.textContent = name === "units" ? words.unitsAbout : words.abouts[name];
    wrong.textContent = name === "units" ? words.unitsWrong : words.wrong[name];
  });
  return { box: element("div", { class: "field" }, label, input, about, wrong), input, wrong };
}

function mark({ input, wrong }: Field, isRight: boolean): void {
  wrong.hidden = isRight;
  if (isRight) input.removeAttribute("aria-invalid");
  else input.setAttribute("aria-invalid", "true");
}

export class SettingsForm {
  readonly element = element("div", { class: "settings" });
  readonly #page: Page;
  readonly #fields = {} as Record<NumberName, Field>;
  readonly #units: Field;
  readonly #cells = {} as Record<(typeof CELLS)[number], HTMLInputElement>;
  readonly #threads = element("select", { id: "threads", "aria-describedby": "threads-about" });
  readonly #more = element("details");

  constructor(page: Page) {
    this.#page = page;
    this.#units = field(page, "units", "units");
    for (const name of [...FIRST, ...MORE]) this.#fields[name] = field(page, name, name);
    for (const name of Object.keys(NUMBERS) as NumberName[]) {
      const one = this.#fields[name];
      one.input.addEventListener("change", () => mark(one, parseNumber(name, one.input.value) !== undefined));
    }
    const units = this.#units;
    units.input.addEventListener("change", () => mark(units, parseUnits(units.input.value) !== undefined));

    const network = element("legend");
    const cellLegend = element("legend");
    const cells = element("fieldset", { class: "switch" }, cellLegend);
    const summary = element("summary");
    const reset = element("button", { type: "button", id: "defaults" });
    reset.addEventListener("click", () => this.#reset());
    const names = CELLS.map((cell) => {
      this.#cells[cell] = element("input", {
        type: "radio",
        name: "cell",
        value: cell,
        checked: cell === "lstm",
      });
      const name = element("span");
      cells.append(element("label", {}, this.#cells[cell], name));
      return name;
    });
    cellLegend.className = "unseen";
    this.#more.append(
      summary,
      element(
        "div",
        { class: "fields" },
        ...MORE.map((name) => this.#fields[name].box),
        this.#threadsField(),
      ),
      reset,
    );
    this.element.append(
      element(
        "fieldset",
        { id: "network" },
        network,
        cells,
        element("div", { class: "fields" }, units.box, ...FIRST.map((name) => this.#fields[name].box)),
      ),
      this.#more,
    );
    inWords(page, trainText, (words) => {
      network.textContent = words.network;
      cellLegend.textContent = words.cell;
      names.forEach((name, i) => {
        name.textContent = words.cells[CELLS[i]!];
      });
      summary.textContent = words.more;
      reset.textContent = words.reset;
    });
    this.#reset();
  }

  /** The settings, or null where some cannot be used; then they are marked and the first has the focus. */
  read(): Settings | null {
    const numbers = {} as Record<NumberName, number>;
    const wrong: Field[] = [];
    const units = parseUnits(this.#units.input.value);
    mark(this.#units, units !== undefined);
    if (!units) wrong.push(this.#units);
    for (const name of [...FIRST, ...MORE]) {
      const one = this.#fields[name];
      const value = parseNumber(name, one.input.value);
      mark(one, value !== undefined);
      if (value === undefined) wrong.push(one);
      else numbers[name] = value;
    }
    if (!units || wrong[0]) {
      if (wrong.some(({ box }) => this.#more.contains(box))) this.#more.open = true;
      wrong[0]?.input.focus();
      return null;
    }
    const threads = this.#threads.value === "auto" ? "auto" : Number(this.#threads.value);
    const cell = CELLS.find((name) => this.#cells[name].checked) ?? "lstm";
    return { cell, units, threads, ...numbers };
  }

  #reset(): void {
    this.#units.input.value = DEFAULT_UNITS.join();
    mark(this.#units, true);
    for (const name of Object.keys(NUMBERS) as NumberName[]) {
      this.#fields[name].input.value = String(NUMBERS[name].fallback);
      mark(this.#fields[name], true);
    }
    this.#cells.lstm.checked = true;
    this.#threads.value = "auto";
  }

  #threadsField(): HTMLElement {
    const label = element("label", { for: this.#threads.id });
    const about = element("span", { class: "about", id: "threads-about" });
    const cores = Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS);
    const auto = element("option", { value: "auto" });
    const counts = Array.from({ length: cores }, (_, i) =>
      element("option", { value: i + 1 }, String(i + 1)),
    );
    this.#threads.append(auto, ...counts);
    inWords(this.#page, trainText, (words) => {
      label.textContent = words.threads;
      auto.textContent = words.threadsAuto(crossOriginIsolated ? Math.min(cores, 8) : 1);
      if (crossOriginIsolated) about.textContent = words.threadsAbout;
    });
    if (!crossOriginIsolated) {
      this.#threads.disabled = true;
      const why = element("span", { lang: "en" }, whyNotShared() ?? "");
      inWords(this.#page, trainText, (words) => about.replaceChildren(words.threadsOne, " ", why));
    }
    return element("div", { class: "field" }, label, this.#threads, about);
  }
}

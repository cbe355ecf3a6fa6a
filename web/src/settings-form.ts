/** The form of a run's settings. */
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
import { type ThreadsField, threadsField } from "./threads-field.ts";
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
  readonly #fields = {} as Record<NumberName, Field>;
  readonly #units: Field;
  readonly #cells = {} as Record<(typeof CELLS)[number], HTMLInputElement>;
  readonly #threads: ThreadsField;
  readonly #more = element("details");

  constructor(page: Page) {
    this.#units = field(page, "units", "units");
    this.#threads = threadsField(page, "threads");
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
    reset.addEventListener("click", () => {
      this.#reset();
      this.element.dispatchEvent(new Event("change", { bubbles: true }));
    });
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
      element("div", { class: "fields" }, ...MORE.map((name) => this.#fields[name].box), this.#threads.box),
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
    const threads = this.#threads.read();
    const cell = CELLS.find((name) => this.#cells[name].checked) ?? "lstm";
    return { cell, units, threads, ...numbers };
  }

  /** What is not the default, by its name in a link. */
  params(): URLSearchParams {
    const params = new URLSearchParams();
    const cell = CELLS.find((name) => this.#cells[name].checked) ?? "lstm";
    if (cell !== "lstm") params.set("cell", cell);
    const units = parseUnits(this.#units.input.value);
    if (units && units.join() !== DEFAULT_UNITS.join()) params.set("units", units.join());
    for (const name of [...FIRST, ...MORE]) {
      const value = parseNumber(name, this.#fields[name].input.value);
      if (value !== undefined && value !== NUMBERS[name].fallback)
        params.set(NUMBERS[name].flag, String(value));
    }
    return params;
  }

  /** Take what a link says, and the defaults for what it does not. What cannot be is shown as it stands, and marked. */
  take(params: URLSearchParams): void {
    this.#reset();
    const cell = CELLS.find((name) => name === params.get("cell"));
    if (cell) this.#cells[cell].checked = true;
    const units = params.get("units");
    if (units !== null) {
      this.#units.input.value = units;
      mark(this.#units, parseUnits(units) !== undefined);
    }
    for (const name of [...FIRST, ...MORE]) {
      const value = params.get(NUMBERS[name].flag);
      if (value === null) continue;
      this.#fields[name].input.value = value;
      mark(this.#fields[name], parseNumber(name, value) !== undefined);
      if (MORE.includes(name)) this.#more.open = true;
    }
  }

  #reset(): void {
    this.#units.input.value = DEFAULT_UNITS.join();
    mark(this.#units, true);
    for (const name of Object.keys(NUMBERS) as NumberName[]) {
      this.#fields[name].input.value = String(NUMBERS[name].fallback);
      mark(this.#fields[name], true);
    }
    this.#cells.lstm.checked = true;
    this.#threads.list.value = "auto";
  }
}

/** Settings as fields of a form, flags of the command line, and what a link keeps. */
import { element } from "../elements.ts";
import type { Page } from "../page.ts";
import { inWords, type Words } from "../words.ts";

/** A setting. Values are what is written; "" leaves it to the task. */
export interface Rule {
  /** Of `lstmkit train`; null where there is none. */
  readonly flag: string | null;
  readonly fallback: string;
  readonly accepts: (written: string) => boolean;
  /** To choose from, in place of writing. */
  readonly choices?: readonly string[];
  /** For the keyboard of a phone. */
  readonly mode?: "numeric" | "decimal" | "text";
  /** Whether it is under "More settings". */
  readonly more?: boolean;
  /** Whether the command says it also where it is the default. */
  readonly isAlwaysSaid?: boolean;
}

/** Words of each setting. */
export interface FieldWords<Name extends string> {
  readonly labels: Readonly<Record<Name, string>>;
  readonly abouts: Readonly<Record<Name, string>>;
  /** What a value has to be, shown beside one that is not. */
  readonly wrong: Readonly<Partial<Record<string, string>>>;
  /** Of choices, by their value. */
  readonly choices?: Readonly<Record<string, string>>;
  readonly more: string;
  readonly reset: string;
}

const LARGEST = 2 ** 31 - 1;

/** A whole number; "" is accepted where the task has a default of its own. */
export function whole(flag: string | null, fallback: number | "", least: number, most = LARGEST): Rule {
  const accepts = (written: string) => {
    if (written === "") return fallback === "";
    const value = Number(written);
    return /^\d+$/.test(written) && value >= least && value <= most;
  };
  return { flag, fallback: String(fallback), mode: "numeric", accepts };
}

/** A number that passes a test. */
export function decimal(flag: string | null, fallback: number | "", fits: (value: number) => boolean): Rule {
  const accepts = (written: string) =>
    written === "" ? fallback === "" : Number.isFinite(Number(written)) && fits(Number(written));
  return { flag, fallback: String(fallback), mode: "decimal", accepts };
}

/** Of the weights, and of a draw. */
export const seed: Rule = { ...whole("seed", 0, 0, 2 ** 32 - 1), isAlwaysSaid: true };

/** A word or several; "" leaves it to the task. */
export const text = (flag: string): Rule => ({ flag, fallback: "", mode: "text", accepts: () => true });

/** One of a list, the first by default. */
export const oneOf = (flag: string | null, ...choices: readonly string[]): Rule => ({
  flag,
  fallback: choices[0]!,
  choices,
  accepts: (written) => choices.includes(written),
});

interface Field {
  readonly box: HTMLElement;
  readonly input: HTMLInputElement | HTMLSelectElement;
  readonly wrong: HTMLElement;
  /** What may be meant, of a text. */
  readonly list: HTMLDataListElement | null;
}

export class Fields<Name extends string> {
  /** Those that are seen at once, and a box with the others. */
  readonly first = element("div", { class: "fields" });
  readonly more = element("details");
  readonly #moreFields = element("div", { class: "fields" });
  readonly #rules: Readonly<Record<Name, Rule>>;
  readonly #fields = {} as Record<Name, Field>;

  /** @param onChange is called after each change that the visitor makes */
  constructor(
    page: Page,
    place: string,
    rules: Readonly<Record<Name, Rule>>,
    words: Words<FieldWords<NoInfer<Name>>>,
    onChange: () => void,
  ) {
    this.#rules = rules;
    for (const name of this.#names) {
      const rule = rules[name];
      const field = fieldOf(`${place}-${name}`, rule);
      this.#fields[name] = field;
      (rule.more ? this.#moreFields : this.first).append(field.box);
      field.input.addEventListener("change", () => {
        this.#mark(name);
        onChange();
      });
    }
    const summary = element("summary");
    const reset = element("button", { type: "button" });
    reset.addEventListener("click", () => {
      this.take(new URLSearchParams());
      onChange();
    });
    this.more.append(summary, this.#moreFields, reset);
    inWords(page, words, (now) => {
      summary.textContent = now.more;
      reset.textContent = now.reset;
      for (const name of this.#names) this.#write(name, now);
    });
    this.take(new URLSearchParams());
  }

  get #names(): Name[] {
    return Object.keys(this.#rules) as Name[];
  }

  /** Another field among those under "More settings". */
  addMore(box: HTMLElement): void {
    this.#moreFields.append(box);
  }

  /** What is written, trimmed; null where some cannot be: then they are marked, and the first has the focus. */
  read(): Readonly<Record<Name, string>> | null {
    const wrong = this.#names.filter((name) => !this.#mark(name));
    if (wrong.length === 0) return this.values();
    if (wrong.some((name) => this.#rules[name].more)) this.more.open = true;
    this.#fields[wrong[0]!].input.focus();
    return null;
  }

  /** What is written, right or not. */
  values(): Readonly<Record<Name, string>> {
    return Object.fromEntries(
      this.#names.map((name) => [name, this.#fields[name].input.value.trim()]),
    ) as Record<Name, string>;
  }

  /** What is not the default, for a link. */
  params(): URLSearchParams {
    const values = this.values();
    const changed = this.#names.filter((name) => values[name] !== this.#rules[name].fallback);
    return new URLSearchParams(changed.map((name) => [name, values[name]]));
  }

  /** Take what a link says; what it does not say is the default. */
  take(params: URLSearchParams): void {
    for (const name of this.#names) {
      const { choices, fallback, more } = this.#rules[name];
      const given = params.get(name);
      const value = given !== null && (!choices || choices.includes(given)) ? given : fallback;
      this.#fields[name].input.value = value;
      this.#mark(name);
      if (given !== null && more) this.more.open = true;
    }
  }

  /** Names that may be meant, such as those of a file's columns. */
  suggest(names: readonly Name[], words: readonly string[]): void {
    const options = () => words.map((word) => element("option", { value: word }));
    for (const name of names) this.#fields[name].list?.replaceChildren(...options());
  }

  /** Words of the command line. */
  flags(): string[] {
    const values = this.values();
    return this.#names.flatMap((name) => {
      const { flag, fallback, isAlwaysSaid = false } = this.#rules[name];
      const value = values[name];
      if (flag === null || value === "" || (value === fallback && !isAlwaysSaid)) return [];
      return value.startsWith("-") ? [`--${flag}=${value}`] : [`--${flag}`, value];
    });
  }

  #mark(name: Name): boolean {
    const { input, wrong } = this.#fields[name];
    const isRight = this.#rules[name].accepts(input.value.trim());
    wrong.hidden = isRight;
    if (isRight) input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
    return isRight;
  }

  #write(name: Name, words: FieldWords<Name>): void {
    const { box, input, wrong } = this.#fields[name];
    box.querySelector("label")!.textContent = words.labels[name];
    box.querySelector(".about")!.textContent = words.abouts[name];
    wrong.textContent = words.wrong[name] ?? "";
    if (input instanceof HTMLSelectElement) {
      for (const option of input.options) option.textContent = words.choices?.[option.value] ?? option.value;
    }
  }
}

function fieldOf(id: string, { choices, mode }: Rule): Field {
  const [aboutId, wrongId] = [`${id}-about`, `${id}-wrong`];
  const described = { id, "aria-describedby": `${aboutId} ${wrongId}` };
  const list = mode === "text" ? element("datalist", { id: `${id}-list` }) : null;
  const input = choices
    ? element("select", described, ...choices.map((value) => element("option", { value }, value)))
    : element("input", {
        ...described,
        type: "text",
        inputmode: mode,
        list: list?.id,
        autocomplete: "off",
        spellcheck: "false",
      });
  const wrong = element("span", { class: "wrong", id: wrongId, hidden: true });
  const box = element(
    "div",
    { class: "field" },
    element("label", { for: id }),
    input,
    element("span", { class: "about", id: aboutId }),
    wrong,
    ...(list ? [list] : []),
  );
  return { box, input, wrong, list };
}

/** Words as a POSIX shell reads them. */
export const commandOf = (words: readonly string[]): string => words.map(quoted).join(" ");

const quoted = (word: string) =>
  /^[\w./,:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** A file's name that no flag can be taken for. */
export const fileWord = (name: string): string => (name.startsWith("-") ? `./${name}` : name);

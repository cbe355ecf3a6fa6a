/** What every place of a task has: settings on one side, and on the other what becomes of them. */
import "./tasks.css";
import { copyButton } from "../copyable.ts";
import { element } from "../elements.ts";
import { codeOf, FailureNotice } from "../failure.ts";
import { type FileButton, fileButton } from "../file-button.ts";
import type { Page } from "../page.ts";
import { formatNumber, inWords, type Words } from "../words.ts";
import { tasksText } from "./tasks.text.ts";

export type BenchState = keyof (typeof tasksText)["en"]["states"];

/** What the visitor can do. Each is awaited; what it throws is shown. */
export interface BenchActions {
  /** @returns false where something is missing, which is marked */
  train(signal: AbortSignal): Promise<boolean>;
  load(file: File): Promise<void>;
  save(): Promise<string>;
}

/** A trained model, to be told of. */
export interface Ending {
  readonly digest: string;
  /** Null where a file says nothing of it. */
  readonly command: string | null;
}

export class Workbench {
  readonly #page: Page;
  readonly #id: string;
  readonly #actions: BenchActions;
  /** For settings. */
  readonly form: HTMLFieldSetElement;
  /** For results, below buttons and messages. */
  readonly results = element("div", { class: "results" });
  readonly failure: FailureNotice;
  readonly #buttons = {
    start: element("button", { type: "submit", class: "main" }),
    stop: element("button", { type: "button" }),
    save: element("button", { type: "button" }),
  };
  readonly #model: FileButton;
  readonly #status = element("p", { role: "status", class: "status" });
  readonly #progress = element("progress", { max: 1, value: 0, hidden: true });
  readonly #note = element("p", { role: "status", class: "given" });
  readonly #ending = element("dl");
  #state: BenchState | "invalid" | "noFile" = "loading";
  #told: (() => string) | null = null;
  #end: Ending | null = null;
  #controller: AbortController | null = null;
  #hasModel = false;

  constructor(
    section: HTMLElement,
    page: Page,
    id: string,
    texts: Words<{ title: string; lead: string }>,
    actions: BenchActions,
  ) {
    this.#page = page;
    this.#id = id;
    this.#actions = actions;
    this.failure = new FailureNotice(page);
    const title = element("h2", { id: `${id}-title`, tabindex: -1 });
    const lead = element("p", { class: "lead" });
    this.form = element("fieldset");
    const settings = element("form", { class: "panel", novalidate: true, id: `${id}-settings` }, this.form);
    this.#buttons.start.setAttribute("form", settings.id);
    this.#buttons.start.id = `${id}-start`;
    this.#model = fileButton(
      { id: `${id}-model`, accept: ".safetensors" },
      ([file]) => void this.load(file!),
    );
    this.#model.chosen.hidden = true;
    section.append(
      title,
      lead,
      element(
        "div",
        { class: "workbench" },
        settings,
        element(
          "div",
          { class: "output" },
          element("div", { class: "controls" }, this.#buttons.start, this.#buttons.stop, this.#status),
          this.#progress,
          this.failure.element,
          this.results,
          this.#ending,
          element("div", { class: "row" }, this.#buttons.save, this.#model.element),
          this.#note,
        ),
      ),
    );
    settings.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#train();
    });
    this.#buttons.stop.addEventListener("click", () => {
      this.#controller?.abort();
      this.tell("stopping");
    });
    this.#buttons.save.addEventListener("click", () => {
      void this.try(async () => {
        const name = await actions.save();
        this.#note.textContent = tasksText[page.language].saved(name);
      });
    });
    inWords(page, texts, (words) => {
      title.textContent = words.title;
      lead.textContent = words.lead;
    });
    inWords(page, tasksText, (words) => {
      settings.setAttribute("aria-label", words.settings);
      this.#buttons.start.textContent = words.start;
      this.#buttons.stop.textContent = words.stop;
      this.#buttons.save.textContent = words.saveModel;
      this.#model.label.textContent = words.loadModel;
      this.#progress.setAttribute("aria-label", words.start);
      this.#note.textContent = "";
      this.#write();
    });
  }

  /** Whether something goes on that nothing may disturb. */
  get isBusy(): boolean {
    return this.#controller !== null;
  }

  /** What the place is at; `more` is said in addition, in the language of the time. */
  tell(state: BenchState | "invalid" | "noFile", more: (() => string) | null = null): void {
    this.#state = state;
    this.#told = more;
    this.#write();
  }

  /** How much of the work is done, of 1; null: nobody knows, or nothing goes on. */
  progress(share: number | null): void {
    this.#progress.hidden = share === null;
    if (share !== null) this.#progress.value = share;
  }

  /** There is a model now, of which this can be said. */
  ended(ending: Ending | null): void {
    this.#hasModel = true;
    this.#end = ending;
    this.#write();
  }

  /** Do something; what goes wrong is shown. @returns whether it went well */
  async try(work: () => Promise<void>): Promise<boolean> {
    this.failure.clear();
    try {
      await work();
      return true;
    } catch (error) {
      if (!hasLeft(error)) this.failure.show(error);
      return false;
    }
  }

  /** Open the model that comes with the page. Where the visitor was faster, nothing is said of it. */
  async first(open: () => Promise<void>): Promise<void> {
    this.tell("loading");
    try {
      await open();
      if (this.#state === "loading") this.tell("shipped");
    } catch (error) {
      if (hasLeft(error)) return;
      this.failure.show(error);
      this.tell("ready");
    }
  }

  /** A model's file. */
  async load(file: File): Promise<void> {
    if (this.isBusy) return this.tell("busy");
    this.#note.textContent = "";
    const isLoaded = await this.try(() => this.#actions.load(file));
    if (isLoaded) this.#note.textContent = tasksText[this.#page.language].loaded(file.name);
  }

  /** Files that were dropped: a model, or data. */
  take(files: readonly File[], data: { take(files: readonly File[]): Promise<void> }): Promise<void> {
    const model = files.find(({ name }) => /\.safetensors$/i.test(name));
    return model ? this.load(model) : data.take(files);
  }

  number(value: number, digits = 0): string {
    const fraction = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return formatNumber(this.#page.language, value, fraction);
  }

  percent(share: number): string {
    const style = { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 } as const;
    return formatNumber(this.#page.language, share, style);
  }

  async #train(): Promise<void> {
    if (this.isBusy) return;
    this.failure.clear();
    this.#note.textContent = "";
    this.#controller = new AbortController();
    this.tell("preparing");
    try {
      if (await this.#actions.train(this.#controller.signal)) this.tell("done");
    } catch (error) {
      const isStopped = codeOf(error) === "ABORTED";
      this.tell(isStopped ? "stopped" : "failed");
      if (!isStopped) this.failure.show(error);
    } finally {
      this.#controller = null;
      this.progress(null);
      this.#write();
    }
  }

  #write(): void {
    const words = tasksText[this.#page.language];
    const state = this.#state;
    const said = state === "invalid" || state === "noFile" ? words[state] : words.states[state];
    this.#status.textContent = this.#told ? this.#told() : said;
    this.#buttons.start.disabled = this.isBusy;
    this.#buttons.stop.disabled = !this.isBusy || state === "stopping";
    this.#buttons.save.disabled = !this.#hasModel || this.isBusy;
    this.#model.input.disabled = this.isBusy;
    this.form.disabled = this.isBusy;
    this.#ending.replaceChildren(...(this.#end ? this.#endingOf(this.#end) : []));
  }

  #endingOf({ digest, command }: Ending): HTMLElement[] {
    const words = tasksText[this.#page.language];
    const entry = (term: string, ...content: (Node | string)[]) => [
      element("dt", {}, term),
      element("dd", {}, ...content),
    ];
    return [
      ...entry(
        words.digest,
        element("code", { class: "digest", id: `${this.#id}-digest` }, digest),
        copyButton(words.copyDigest, digest, words, this.#note),
      ),
      ...(command === null
        ? []
        : entry(
            words.command,
            element("span", { class: "about" }, words.digestAbout),
            element("code", { class: "command", id: `${this.#id}-command` }, command),
            copyButton(words.copyCommand, command, words, this.#note),
          )),
    ];
  }
}

/** A model's file, called after what it learnt. */
export const modelName = (data: string, task: string): string =>
  `${data.replace(/\.\w+$/, "").replace(/[^\w.-]+/g, "_")}-${task}.safetensors`;

/** Of a model that has left the page, whose place another one took. */
const hasLeft = (error: unknown) => ["ABORTED", "DISPOSED"].includes(codeOf(error) ?? "");

/** A table with a head; the first cell of a row is its head. On a narrow screen it scrolls, also by keys. */
export function tableOf(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): HTMLElement {
  const table = element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
    element(
      "tbody",
      {},
      ...rows.map(([first = "", ...others]) =>
        element(
          "tr",
          {},
          element("th", { scope: "row" }, first),
          ...others.map((cell) => element("td", {}, cell)),
        ),
      ),
    ),
  );
  return element("div", { class: "wide", role: "group", tabindex: 0, "aria-label": caption }, table);
}

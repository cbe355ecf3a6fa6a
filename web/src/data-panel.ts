/** The choice of the data: the embedded corpus, IMDB, or a CSV file. */
import { IMDB_FILES, KERAS_DATASETS } from "lstmkit/data";
import type { DataReader } from "./data-reader.ts";
import type { GivenFile, Wanted } from "./data-worker.ts";
import { element } from "./elements.ts";
import { failureText } from "./failure.text.ts";
import { codeOf, FailureNotice } from "./failure.ts";
import { fileButton } from "./file-button.ts";
import type { Page } from "./page.ts";
import type { Source } from "./settings.ts";
import { type TrainWords, trainText } from "./train.text.ts";
import { formatNumber, inWords } from "./words.ts";

const KINDS = ["spam", "imdb", "csv"] as const;
type Kind = (typeof KINDS)[number];
type CsvFile = Extract<GivenFile, { kind: "csv" }>;

/** Data that were chosen, for a run and for the reader of data. */
export interface ChosenData {
  readonly source: Source;
  wanted(layout: { numWords: number; maxLen: number }): Wanted;
}

const HOST = new URL(KERAS_DATASETS).host;
const FETCHED = Object.values(IMDB_FILES);

export class DataPanel {
  readonly element = element("fieldset", { id: "data" });
  readonly #page: Page;
  readonly #reader: DataReader;
  readonly #failure: FailureNotice;
  readonly #radios = {} as Record<Kind, HTMLInputElement>;
  readonly #panels = {} as Record<Kind, HTMLElement>;
  readonly #missing = element("p", { class: "wrong", id: "data-wrong", hidden: true });
  readonly #imdbGiven = element("p", { role: "status", class: "given" });
  readonly #fetch = element("button", { type: "button", id: "imdb-fetch" });
  readonly #cancel = element("button", { type: "button", hidden: true });
  readonly #fetchProgress = element("progress", { max: 1, value: 0, hidden: true });
  readonly #byHand = element("p", { hidden: true });
  readonly #text = element("select", { id: "csv-text" });
  readonly #label = element("select", { id: "csv-label" });
  readonly #columns = element("div", { class: "fields", hidden: true });
  #imdb: { file?: string; names: string[] } | null = null;
  #wordIndex: string | null = null;
  #csv: CsvFile | null = null;
  readonly #csvGiven = element("p", { role: "status", class: "given" });

  constructor(page: Page, reader: DataReader) {
    this.#page = page;
    this.#reader = reader;
    this.#failure = new FailureNotice(page);
    const legend = element("legend");
    const choices = element("div", { class: "switch" });
    const names = {} as Record<Kind, HTMLElement>;
    for (const kind of KINDS) {
      const isFirst = kind === "spam";
      this.#radios[kind] = element("input", { type: "radio", name: "data", value: kind, checked: isFirst });
      this.#radios[kind].addEventListener("change", () => this.#show());
      names[kind] = element("span");
      choices.append(element("label", {}, this.#radios[kind], names[kind]));
    }
    this.#panels = { spam: this.#spamPanel(), imdb: this.#imdbPanel(), csv: this.#csvPanel() };
    this.element.append(
      legend,
      choices,
      ...Object.values(this.#panels),
      this.#missing,
      this.#failure.element,
    );
    inWords(page, trainText, (words) => {
      legend.textContent = words.data;
      for (const kind of KINDS) names[kind].textContent = words[kind];
      this.#tellMissing();
      this.#tellImdb(words);
      this.#tellCsv(words);
    });
    this.#show();
  }

  /** What was chosen; null, and marked, where something is missing. */
  chosen(): ChosenData | null {
    const kind = this.#kind;
    this.#missing.hidden = this.#problem() === null;
    this.#tellMissing();
    if (!this.#missing.hidden) return null;
    if (kind === "spam") return { source: { kind }, wanted: (layout) => ({ kind, ...layout }) };
    if (kind === "imdb") {
      const file = this.#imdb?.file;
      const source = file === undefined ? { kind } : { kind, file };
      return { source, wanted: (layout) => ({ kind, ...layout }) };
    }
    const { name: file, guess } = this.#csv!; // else there is a problem
    const hasNumbers = guess?.header === false;
    const columns = {
      text: this.#text.value,
      label: this.#label.value,
      ...(hasNumbers && { header: false as const }),
    };
    return { source: { kind, file, ...columns }, wanted: (layout) => ({ kind, ...columns, ...layout }) };
  }

  /** Files that were chosen or dropped. What is wrong with one is said here. */
  async take(files: Iterable<File>): Promise<void> {
    this.#failure.clear();
    for (const file of files) {
      try {
        this.#taken(await this.#reader.give(file));
      } catch (error) {
        this.#failure.show(error);
      }
    }
    this.#show();
  }

  /** What of the choice a link can say: files are not in it. */
  params(): URLSearchParams {
    return new URLSearchParams(this.#kind === "spam" ? {} : { data: this.#kind });
  }

  /** What a link says. */
  choose(params: URLSearchParams): void {
    this.#radios[KINDS.find((kind) => kind === params.get("data")) ?? "spam"].checked = true;
    this.#show();
  }

  get #kind(): Kind {
    return KINDS.find((kind) => this.#radios[kind].checked) ?? "spam";
  }

  #problem(): "imdbMissing" | "csvMissing" | "csvColumnsMissing" | null {
    if (this.#kind === "imdb") return this.#imdb ? null : "imdbMissing";
    if (this.#kind === "spam") return null;
    if (!this.#csv) return "csvMissing";
    const isChosen = this.#text.value !== "" && this.#label.value !== "";
    return isChosen && this.#text.value !== this.#label.value ? null : "csvColumnsMissing";
  }

  #tellMissing(): void {
    const problem = this.#problem();
    this.#missing.textContent = problem ? trainText[this.#page.language][problem] : "";
  }

  #show(): void {
    for (const kind of KINDS) this.#panels[kind].hidden = kind !== this.#kind;
    if (this.#problem() === null) this.#missing.hidden = true;
  }

  #taken(given: GivenFile): void {
    this.#radios[given.kind === "csv" ? "csv" : "imdb"].checked = true;
    if (given.kind === "csv") {
      this.#csv = given;
      this.#tellCsv(trainText[this.#page.language]);
      this.#fillColumns(given);
      return;
    }
    if (given.kind === "imdb") this.#imdb = { file: given.name, names: [given.name] };
    else this.#wordIndex = given.name;
    this.#tellImdb(trainText[this.#page.language]);
  }

  #spamPanel(): HTMLElement {
    const about = element("p", { class: "about" });
    inWords(this.#page, trainText, (words) => {
      about.textContent = words.spamAbout;
    });
    return element("div", {}, about);
  }

  #imdbPanel(): HTMLElement {
    const about = element("p", { class: "about" });
    const consent = element("p", { class: "about", id: "imdb-consent" });
    this.#fetch.setAttribute("aria-describedby", consent.id);
    this.#fetch.addEventListener("click", () => void this.#fetchImdb());
    this.#cancel.addEventListener("click", () => void this.#reader.stopFetching());
    const { button, label, hint } = this.#fileInput("imdb-files", ".npz,.gz,.tgz,.json", true);
    const links = FETCHED.map(({ name }) => element("a", { href: KERAS_DATASETS + name }, name));
    const byHandWords = element("span");
    this.#byHand.append(byHandWords, " ", links[0]!, ", ", links[1]!);
    inWords(this.#page, trainText, (words) => {
      const { language } = this.#page;
      about.textContent = words.imdbAbout;
      this.#fetch.textContent = words.imdbFetch(HOST, this.#megabytes(TOTAL));
      const files = FETCHED.map(({ name, size }) => `${name} (${this.#megabytes(size)})`).join(", ");
      consent.textContent = words.imdbFetchAbout(HOST, files);
      this.#cancel.textContent = words.cancel;
      label.textContent = words.imdbFiles;
      hint.textContent = words.imdbFilesAbout;
      byHandWords.textContent = failureText[language].imdbByHand;
    });
    const fetching = element("div", { class: "row" }, this.#fetch, this.#fetchProgress, this.#cancel);
    return element("div", {}, about, fetching, consent, this.#byHand, button, hint, this.#imdbGiven);
  }

  #csvPanel(): HTMLElement {
    const { button, label, hint } = this.#fileInput("csv-file", ".csv,.tsv", false);
    const textLabel = element("label", { for: this.#text.id });
    const labelLabel = element("label", { for: this.#label.id });
    for (const select of [this.#text, this.#label]) select.addEventListener("change", () => this.#show());
    this.#columns.append(
      element("div", { class: "field" }, textLabel, this.#text),
      element("div", { class: "field" }, labelLabel, this.#label),
    );
    inWords(this.#page, trainText, (words) => {
      label.textContent = words.csvFile;
      hint.textContent = words.csvAbout;
      textLabel.textContent = words.csvText;
      labelLabel.textContent = words.csvLabel;
      for (const select of [this.#text, this.#label]) {
        if (select.options[0]) select.options[0].textContent = words.csvChoose;
      }
    });
    return element("div", {}, button, hint, this.#csvGiven, this.#columns);
  }

  #fileInput(id: string, accept: string, multiple: boolean) {
    const hint = element("p", { class: "about", id: `${id}-about` });
    const attributes = { id, accept, multiple, "aria-describedby": hint.id };
    const { element: button, label, chosen } = fileButton(attributes, (files) => void this.take(files));
    chosen.hidden = true; // what was taken is told elsewhere
    return { button, label, hint };
  }

  #fillColumns({ columns, guess }: CsvFile): void {
    const choose = trainText[this.#page.language].csvChoose;
    for (const [select, chosen] of [
      [this.#text, guess?.text],
      [this.#label, guess?.label],
    ] as const) {
      const options = columns.map((name) =>
        element("option", { value: name, selected: name === chosen }, name),
      );
      select.replaceChildren(element("option", { value: "" }, choose), ...options);
    }
    this.#columns.hidden = false;
  }

  async #fetchImdb(): Promise<void> {
    this.#failure.clear();
    this.#byHand.hidden = true;
    this.#fetch.disabled = true;
    this.#cancel.hidden = this.#fetchProgress.hidden = false;
    this.#fetchProgress.value = 0;
    try {
      await this.#reader.fetchImdb((received, total) => {
        this.#fetchProgress.value = received / total;
        const words = trainText[this.#page.language];
        this.#imdbGiven.textContent = words.fetching(this.#megabytes(received), this.#megabytes(total));
      });
      this.#imdb = { names: FETCHED.map(({ name }) => name) };
      this.#wordIndex = null;
    } catch (error) {
      if (codeOf(error) !== "ABORTED") {
        this.#failure.show(error);
        this.#byHand.hidden = false;
      }
    } finally {
      this.#fetch.disabled = false;
      this.#cancel.hidden = this.#fetchProgress.hidden = true;
      this.#tellImdb(trainText[this.#page.language]);
      this.#show();
    }
  }

  #tellImdb(words: TrainWords): void {
    const names = [...(this.#imdb?.names ?? []), ...(this.#wordIndex === null ? [] : [this.#wordIndex])];
    this.#imdbGiven.textContent = names.length > 0 ? words.given(names.join(", ")) : "";
  }

  #tellCsv(words: TrainWords): void {
    this.#csvGiven.textContent = this.#csv ? words.given(this.#csv.name) : "";
  }

  #megabytes(bytes: number): string {
    return `${formatNumber(this.#page.language, bytes / 1e6, { maximumFractionDigits: 1 })} MB`;
  }
}

const TOTAL = FETCHED.reduce((sum, { size }) => sum + size, 0);

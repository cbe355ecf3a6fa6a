/** What is seen of runs: the one that goes on, its curves and epochs, and those before it. */
import { Chart, type Line } from "./chart.ts";
import { copyButton } from "./copyable.ts";
import { element } from "./elements.ts";
import { FailureNotice } from "./failure.ts";
import { inItsFrame } from "./frames.ts";
import type { Cell, Page } from "./page.ts";
import { partsOf } from "./parts.ts";
import { commandLine } from "./settings.ts";
import { type TrainWords, trainText } from "./train.text.ts";
import type { Progress, Run } from "./training.ts";
import { formatNumber, inWords } from "./words.ts";

/** A curve's name: the names of the cells are those of the layers in every language. */
const nameOf = (run: Run, cell: Cell) => `${run.number} ${trainText.en.cells[cell]}`;

export class Results {
  readonly element = element("div", { class: "results" });
  readonly #page: Page;
  readonly #charts: { readonly loss: Chart; readonly accuracy: Chart };
  readonly #parts = element("div", { id: "parts" });
  readonly #steps = element("div", { class: "steps" });
  readonly #legend = element("ul", { class: "legend" });
  readonly #epochs = element("div", { class: "wide", role: "group", tabindex: 0 });
  readonly #ends = element("div", { id: "digests" });
  readonly #runs = element("div", { class: "wide" });
  readonly #copied = element("p", { role: "status", class: "given" });
  readonly #failures = element("div");
  #list: Run[] = [];
  #selected: Run | null = null;
  readonly #hidden = new Set<Run>();
  #stepLines: { progress: Progress; bar: HTMLProgressElement; line: HTMLElement }[] = [];
  #waiting = false;
  /** Of what the legend shows. */
  #keys = "";
  /** Of what the tables show; they are made again when it changes. */
  #told = "";

  constructor(page: Page) {
    this.#page = page;
    this.#charts = { loss: new Chart(page, "loss"), accuracy: new Chart(page, "accuracy") };
    const about = element("p", { class: "about" });
    this.element.append(
      this.#parts,
      this.#steps,
      this.#failures,
      element("div", { class: "charts" }, this.#charts.loss.element, this.#charts.accuracy.element),
      this.#legend,
      about,
      this.#epochs,
      this.#ends,
      this.#copied,
      this.#runs,
    );
    inWords(page, trainText, (words) => {
      about.textContent = words.legend;
      this.#copied.textContent = "";
      this.#writeTables();
      this.#writeSteps();
    });
  }

  add(run: Run): void {
    this.#list.push(run);
    this.#select(run);
    this.changed();
  }

  /** Something about the last run has changed. It is drawn with a frame to come. */
  changed(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    inItsFrame(() => {
      this.#waiting = false;
      this.#drawCharts();
      this.#writeStepLines();
      const told = JSON.stringify(
        this.#list.map(({ progress }) => progress.map((p) => [p.state, p.epochs.length])),
      );
      if (told === this.#told) return;
      this.#told = told;
      this.#writeTables();
    });
  }

  #select(run: Run | null): void {
    this.#selected = run;
    this.#writeSteps();
    this.#writeTables();
    this.#drawCharts();
  }

  #remove(run: Run): void {
    this.#list = this.#list.filter((other) => other !== run);
    this.#hidden.delete(run);
    this.#select(this.#selected === run ? (this.#list.at(-1) ?? null) : this.#selected);
  }

  #drawCharts(): void {
    const shown = this.#list.filter((run) => !this.#hidden.has(run));
    for (const measure of ["loss", "accuracy"] as const) {
      this.#charts[measure].show(
        shown.flatMap((run) => run.progress.flatMap((progress) => this.#lines(run, progress, measure))),
      );
    }
    const keys = shown.flatMap((run) =>
      run.progress.map(({ cell }) => ({ name: nameOf(run, cell), cell, isFaint: run !== this.#selected })),
    );
    const wanted = JSON.stringify(keys);
    if (wanted === this.#keys) return;
    this.#keys = wanted;
    this.#legend.replaceChildren(
      ...keys.map(({ name, cell, isFaint }) =>
        element("li", {}, element("span", { class: `key ${cell}${isFaint ? " faint" : ""}` }), name),
      ),
    );
  }

  #lines(run: Run, progress: Progress, measure: "loss" | "accuracy"): Line[] {
    const name = nameOf(run, progress.cell);
    const isFaint = run !== this.#selected;
    return (["train", "validation"] as const).map((part) => ({
      name,
      cell: progress.cell,
      part,
      isFaint,
      curve: progress[measure][part],
    }));
  }

  /** The data of the run that is looked at, and a bar and a line for each of its models. */
  #writeSteps(): void {
    const { language } = this.#page;
    const words = trainText[language];
    this.#parts.replaceChildren(...(this.#selected ? partsOf(this.#selected, language) : []));
    this.#failures.replaceChildren();
    this.#stepLines = (this.#selected?.progress ?? []).map((progress) => {
      const cell = words.cells[progress.cell];
      const bar = element("progress", { max: 1, value: 0, "aria-label": cell });
      return { progress, bar, line: element("p") };
    });
    this.#steps.replaceChildren(
      ...this.#stepLines.map(({ progress, bar, line }) =>
        element("div", { class: `step ${progress.cell}` }, bar, line),
      ),
    );
    this.#writeStepLines();
  }

  #writeStepLines(): void {
    const run = this.#selected;
    if (!run) return;
    const words = trainText[this.#page.language];
    for (const { progress, bar, line } of this.#stepLines) {
      const { epochs } = run.settings;
      const done = progress.epochs.length;
      bar.value = Math.min(1, (done + (done < epochs ? progress.batch / progress.batches : 0)) / epochs);
      line.textContent = this.#stepLine(progress, epochs, words);
    }
  }

  #stepLine(progress: Progress, epochs: number, words: TrainWords): string {
    const { cell, state, epochs: done, batch, batches, msPerStep, timeLeft } = progress;
    const parts = [words.cells[cell]];
    if (state === "training") {
      parts.push(
        words.epochOf(this.#number(Math.min(done.length + 1, epochs)), this.#number(epochs)),
        words.stepOf(this.#number(batch), this.#number(batches)),
      );
      if (timeLeft !== undefined) parts.push(words.left(this.#duration(timeLeft, words)));
    } else parts.push(words.states[state]);
    if (msPerStep > 0) parts.push(words.msPerStep(this.#number(msPerStep, 1)));
    parts.push(
      words.facts(
        this.#number(progress.parameters),
        String(progress.vectors),
        this.#number(progress.threads),
      ),
    );
    return parts.join(" · ");
  }

  #writeTables(): void {
    const words = trainText[this.#page.language];
    for (const chart of Object.values(this.#charts)) chart.describe();
    const selected = this.#selected;
    this.#epochs.replaceChildren(...(selected ? [this.#epochTable(selected, words)] : []));
    this.#epochs.hidden = !selected;
    // On a narrow screen it scrolls, also by keys.
    this.#epochs.setAttribute("aria-label", selected ? words.epochsOf(String(selected.number)) : words.epoch);
    this.#ends.replaceChildren(
      ...(selected ? selected.progress.flatMap((progress) => this.#end(selected, progress, words)) : []),
    );
    this.#runs.replaceChildren(...(this.#list.length > 0 ? [this.#runTable(words)] : []));
    this.#writeFailures();
  }

  #writeFailures(): void {
    const failed = (this.#selected?.progress ?? []).filter(({ state }) => state === "failed");
    if (this.#failures.childElementCount === failed.length) return;
    this.#failures.replaceChildren(
      ...failed.map(({ error }) => {
        const notice = new FailureNotice(this.#page);
        notice.show(error);
        return notice.element;
      }),
    );
  }

  #epochTable(run: Run, words: TrainWords): HTMLTableElement {
    const heads = [
      words.epoch,
      words.cell,
      words.loss,
      words.accuracy,
      words.valLoss,
      words.valAccuracy,
      words.step,
    ];
    const rows = run.progress
      .flatMap(({ cell, epochs }) => epochs.map((row) => ({ cell, row })))
      .sort((a, b) => a.row.epoch - b.row.epoch)
      .map(({ cell, row }) => [
        this.#number(row.epoch),
        words.cells[cell],
        this.#number(row.loss, 4),
        this.#percent(row.accuracy),
        row.valLoss === undefined ? "" : this.#number(row.valLoss, 4),
        row.valAccuracy === undefined ? "" : this.#percent(row.valAccuracy),
        this.#number(row.msPerStep, 1),
      ]);
    return element(
      "table",
      { id: "epochs-table" },
      element("caption", {}, words.epochsOf(String(run.number))),
      element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
      element(
        "tbody",
        {},
        ...rows.map((cells) => element("tr", {}, ...cells.map((text) => element("td", {}, text)))),
      ),
    );
  }

  /** What a model has come to: its numbers on both sets, its digest, and the command for the same. */
  #end(run: Run, progress: Progress, words: TrainWords): HTMLElement[] {
    const { cell, digest, train, test, state } = progress;
    if (digest === undefined) return [];
    const name = words.cells[cell];
    const list = element("dl");
    const add = (term: string, ...content: (Node | string)[]) =>
      list.append(element("dt", {}, term), element("dd", {}, ...content));
    for (const [term, logs] of [
      [words.finalTrain, train],
      [words.finalTest, test],
    ] as const) {
      if (!logs) continue;
      const { loss, accuracy = Number.NaN } = logs;
      add(term, words.final(this.#number(loss, 4), this.#percent(accuracy)));
    }
    add(
      words.digest,
      element("code", { class: "digest", id: `digest-${cell}` }, digest),
      copyButton(words.copyDigest(name), digest, words, this.#copied),
    );
    const command = commandLine(run.settings, cell, run.source);
    if (state !== "failed") {
      add(
        words.command,
        element("span", { class: "about" }, words.digestAbout),
        element("code", { class: "command", id: `command-${cell}` }, command),
        copyButton(words.copyCommand(name), command, words, this.#copied),
      );
    }
    return [element("section", { class: `end ${cell}`, "aria-label": name }, element("h3", {}, name), list)];
  }

  #runTable(words: TrainWords): HTMLTableElement {
    const heads = [
      words.run,
      words.show,
      words.data,
      words.cell,
      words.setting,
      words.testAccuracy,
      words.remove,
    ];
    return element(
      "table",
      { id: "runs-table" },
      element("caption", {}, words.runs),
      element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
      element("tbody", {}, ...[...this.#list].reverse().map((run) => this.#runRow(run, words))),
    );
  }

  #runRow(run: Run, words: TrainWords): HTMLTableRowElement {
    const number = String(run.number);
    const { units, epochs, seed } = run.settings;
    const pick = element(
      "button",
      {
        type: "button",
        "aria-label": words.select(number),
        "aria-pressed": run === this.#selected ? "true" : "false",
      },
      number,
    );
    pick.addEventListener("click", () => {
      this.#select(run);
      this.#focus("pick", run);
    });
    pick.dataset.pick = number;
    const show = element("input", {
      type: "checkbox",
      checked: !this.#hidden.has(run),
      "aria-label": words.showRun(number),
    });
    show.addEventListener("change", () => {
      if (show.checked) this.#hidden.delete(run);
      else this.#hidden.add(run);
      this.#drawCharts();
    });
    const remove = element("button", { type: "button", "aria-label": words.removeRun(number) }, words.remove);
    remove.disabled = run.progress.some(({ state }) => state === "training" || state === "evaluating");
    remove.addEventListener("click", () => {
      this.#remove(run);
      if (this.#selected) this.#focus("pick", this.#selected);
    });
    const tests = run.progress.map(({ cell, test, state }) => {
      const value = test?.accuracy === undefined ? words.states[state] : this.#percent(test.accuracy);
      return run.progress.length > 1 ? `${words.cells[cell]} ${value}` : value;
    });
    const cells: (Node | string)[] = [
      pick,
      show,
      run.dataset,
      words.cells[run.settings.cell],
      words.describe(units.join(), String(seed), String(epochs)),
      tests.join(", "),
      remove,
    ];
    return element("tr", {}, ...cells.map((content) => element("td", {}, content)));
  }

  /** The table was made again; give the focus back. */
  #focus(what: "pick", run: Run): void {
    this.#runs.querySelector<HTMLButtonElement>(`[data-${what}="${run.number}"]`)?.focus();
  }

  #number(value: number, digits = 0): string {
    return formatNumber(this.#page.language, value, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
  }

  #percent(value: number): string {
    return formatNumber(this.#page.language, value, {
      style: "percent",
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    });
  }

  #duration(milliseconds: number, words: TrainWords): string {
    const seconds = Math.ceil(milliseconds / 1000);
    if (seconds < 60) return words.seconds(this.#number(seconds));
    return words.minutes(this.#number(Math.floor(seconds / 60)), this.#number(seconds % 60));
  }
}

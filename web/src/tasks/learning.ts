/** The curve of a training, and how far it is. */
import { Chart } from "../chart.ts";
import { Curve } from "../curve.ts";
import type { Page } from "../page.ts";
import { tasksText } from "./tasks.text.ts";
import type { Workbench } from "./workbench.ts";

/** What is told after an epoch. */
export interface EpochTold {
  /** From 0, and how many there are at most; a part of one where it is told of in between. */
  readonly epoch: number;
  readonly epochs: number;
  readonly loss: number;
  /** Absent where nothing was set apart. */
  readonly valLoss?: number;
}

export class Learning {
  readonly #page: Page;
  readonly #bench: Workbench;
  readonly #chart: Chart;
  #train = new Curve();
  #validation = new Curve();

  /** @param title what is learnt by, in the language of the page; default: the loss */
  constructor(page: Page, bench: Workbench, title?: () => string) {
    this.#page = page;
    this.#bench = bench;
    this.#chart = new Chart(page, "loss", title);
    this.#chart.element.hidden = true;
  }

  get element(): HTMLElement {
    return this.#chart.element;
  }

  /** Nothing is known: before a training, or of a model from a file. */
  clear(): void {
    this.#train = new Curve();
    this.#validation = new Curve();
    this.element.hidden = true;
  }

  add({ epoch, epochs, loss, valLoss }: EpochTold): void {
    this.#train.add(epoch + 1, loss);
    if (valLoss !== undefined) this.#validation.add(epoch + 1, valLoss);
    this.element.hidden = false;
    const line = { name: "", cell: "lstm" as const, isFaint: false };
    this.#chart.show([
      { ...line, part: "train", curve: this.#train },
      { ...line, part: "validation", curve: this.#validation },
    ]);
    this.#chart.describe();
    const bench = this.#bench;
    bench.progress((epoch + 1) / epochs);
    bench.tell("preparing", () => {
      const words = tasksText[this.#page.language];
      const losses = words.losses(
        bench.number(loss, 4),
        valLoss === undefined ? null : bench.number(valLoss, 4),
      );
      return `${words.epochOf(bench.number(epoch + 1), bench.number(epochs))}: ${losses}`;
    });
  }
}

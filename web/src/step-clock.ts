/** What a training's reports come to: means between two of them, the time of a step, and how long the rest will take. */
import type { Logs } from "lstmkit";
import type { Run } from "./training.ts";

/** Means over the batches between two reports, from the means over the epoch so far. */
export class MeansBetween {
  readonly #samples: number;
  readonly #batchSize: number;
  #seen = 0;
  #loss = 0;
  #accuracy = 0;

  constructor(samples: number, batchSize: number) {
    this.#samples = samples;
    this.#batchSize = batchSize;
  }

  since(batch: number, { loss, accuracy = Number.NaN }: Logs): { loss: number; accuracy: number } {
    const seen = Math.min(batch * this.#batchSize, this.#samples);
    const fresh = seen - this.#seen;
    const means = {
      loss: (loss * seen - this.#loss) / fresh,
      accuracy: (accuracy * seen - this.#accuracy) / fresh,
    };
    this.#seen = seen;
    this.#loss = loss * seen;
    this.#accuracy = accuracy * seen;
    return means;
  }

  restart(): void {
    this.#seen = this.#loss = this.#accuracy = 0;
  }
}

/** What a step takes, pauses and views left out, and how long the rest will take. */
export class StepClock {
  readonly #batches: number;
  readonly #run: Pick<Run, "settings" | "counts">;
  #since = performance.now();
  #active = 0;
  #steps = 0;
  /** Of the epoch before, for the first batches of the next. */
  #lastMsPerStep = 0;
  #validation: number | undefined;

  constructor(batches: number, run: Pick<Run, "settings" | "counts">) {
    this.#batches = batches;
    this.#run = run;
  }

  stepped(batch: number): void {
    this.#active += performance.now() - this.#since;
    this.#steps = batch;
  }

  /** After whatever held the training back. */
  goOn(): void {
    this.#since = performance.now();
  }

  /** An epoch's validation has ended; it began after the last batch. */
  validated(): void {
    this.#validation = performance.now() - this.#since;
  }

  restart(): void {
    this.#lastMsPerStep = this.msPerStep;
    this.#active = 0;
    this.#steps = 0;
    this.goOn();
  }

  get msPerStep(): number {
    return this.#steps > 0 ? this.#active / this.#steps : this.#lastMsPerStep;
  }

  timeLeft(epoch: number, batch: number): number {
    const { settings, counts } = this.#run;
    const { epochs, validationFreq, batchSize } = settings;
    const steps = (epochs - epoch) * this.#batches + this.#batches - batch;
    const validations = Math.floor(epochs / validationFreq) - Math.floor((epoch - 1) / validationFreq);
    // Forward only is about a third of a training step.
    const validation = this.#validation ?? (Math.ceil(counts.test.samples / batchSize) * this.msPerStep) / 3;
    return steps * this.msPerStep + validations * validation;
  }
}

/** A run of training: data are prepared, a worker for each model starts, and fit goes on until it ends. */
import { type BatchLogs, type EpochLogs, type Logs, type Model, spawnRuntime, transfer } from "lstmkit";
import { Curve } from "./curve.ts";
import type { DataReader } from "./data-reader.ts";
import type { Prepared, Wanted } from "./data-worker.ts";
import { codeOf } from "./failure.ts";
import type { Cell, LiveModel, Page } from "./page.ts";
import { layersOf, type Settings, type Source } from "./settings.ts";
import { usualThreads } from "./tasks/threads.ts";

/** What is kept of an epoch. */
export interface EpochRow {
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly valLoss?: number;
  readonly valAccuracy?: number;
  readonly msPerStep: number;
}

/** The curves of a measure: x counts epochs. */
export interface Curves {
  readonly train: Curve;
  readonly validation: Curve;
}

/** How one model of a run fares. */
export interface Progress {
  readonly cell: Cell;
  readonly loss: Curves;
  readonly accuracy: Curves;
  readonly epochs: EpochRow[];
  batch: number;
  batches: number;
  /** Of the epoch that goes on; 0 before its first batches. */
  msPerStep: number;
  /** Milliseconds; undefined before there is anything to tell from. */
  timeLeft: number | undefined;
  state: "training" | "evaluating" | "done" | "stopped" | "failed";
  parameters: number;
  vectors: 128 | 256;
  threads: number;
  digest?: string;
  train?: Logs;
  test?: Logs;
  error?: unknown;
}

/** A run of this visit. Models are gone when the next one begins; this stays. */
export interface Run {
  readonly number: number;
  readonly settings: Settings;
  readonly source: Source;
  readonly dataset: string;
  readonly classes: readonly [string, string];
  readonly counts: Prepared["counts"];
  readonly progress: readonly Progress[];
}

/** What the models of the page were trained on, for their files; empty where they came from a file. */
export type Metadata = Readonly<Record<string, string>>;

/** As `lstmkit train` and `lstmkit evaluate`. */
const EVALUATION_BATCH = 128;

export class Training {
  readonly #page: Page;
  readonly #data: DataReader;
  /** Called often; whoever draws must take its time. */
  readonly #onChange: () => void;
  #controller: AbortController | null = null;
  /** While it is paused. */
  #gate: { readonly opened: Promise<void>; open(): void } | null = null;
  #runs = 0;
  metadata: Metadata = {};

  constructor(page: Page, data: DataReader, onChange: () => void) {
    this.#page = page;
    this.#data = data;
    this.#onChange = onChange;
  }

  /**
   * Train, until the end or stop().
   *
   * @param begin is told of the run when its models are made
   * @throws what reading the data or starting a worker throws; what happens later stands in the run
   */
  async start(settings: Settings, source: Source, wanted: Wanted, begin: (run: Run) => void): Promise<void> {
    const controller = new AbortController();
    this.#controller = controller;
    this.#page.set({ phase: "preparing" });
    try {
      const prepared = await this.#data.prepare(wanted);
      if (controller.signal.aborted) return;
      const cells = settings.cell === "both" ? (["lstm", "rnn"] as const) : [settings.cell];
      // Before the models of the run before are closed: where these cannot be made, those stay.
      const live = await makeModels(cells, settings, prepared.inputDim);
      await closeModels(this.#page);
      this.metadata = prepared.metadata;
      this.#page.set({ models: live, reading: prepared.reading, text: null });
      if (controller.signal.aborted) return;
      const run = await this.#newRun(settings, source, prepared, live);
      begin(run);
      if (!controller.signal.aborted) this.#page.set({ phase: "training" });
      await Promise.all(live.map((model, i) => this.#train(model, run, run.progress[i]!, controller.signal)));
    } finally {
      this.#controller = null;
      this.#gate = null;
      this.#page.set({ phase: "idle" });
    }
  }

  /** Every model stops at its next report, at most 50 ms later, and keeps what it has learnt. */
  pause(): void {
    if (this.#page.phase !== "training") return;
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#gate = { opened, open };
    this.#page.set({ phase: "paused" });
  }

  resume(): void {
    if (this.#page.phase !== "paused") return;
    this.#gate?.open();
    this.#gate = null;
    this.#page.set({ phase: "training" });
  }

  stop(): void {
    if (!this.#controller) return;
    this.#page.set({ phase: "stopping" });
    this.#controller.abort();
    this.#gate?.open();
    this.#gate = null;
  }

  async #newRun(
    settings: Settings,
    source: Source,
    { reading, counts }: Prepared,
    live: readonly LiveModel[],
  ): Promise<Run> {
    const batches = Math.ceil(counts.train.samples / settings.batchSize);
    const progress = live.map(async ({ cell, kit, model }): Promise<Progress> => {
      const [info, parameters] = await Promise.all([kit.info(), model.countParams()]);
      return {
        cell,
        loss: { train: new Curve(), validation: new Curve() },
        accuracy: { train: new Curve(), validation: new Curve() },
        epochs: [],
        batch: 0,
        batches,
        msPerStep: 0,
        timeLeft: undefined,
        state: "training",
        parameters,
        vectors: info.vectors,
        threads: info.threads,
      };
    });
    const { dataset, classes } = reading;
    return {
      number: ++this.#runs,
      settings,
      source,
      dataset,
      classes,
      counts,
      progress: await Promise.all(progress),
    };
  }

  async #train(live: LiveModel, run: Run, progress: Progress, signal: AbortSignal): Promise<void> {
    const { model } = live;
    try {
      await this.#fit(live, run, progress, signal);
      progress.digest = await model.digest();
      progress.state = "evaluating";
      this.#onChange();
      for (const part of ["train", "test"] as const) {
        const { x, y } = await this.#data.rows(part);
        progress[part] = await model.evaluate(transfer(x), transfer(y), {
          batchSize: EVALUATION_BATCH,
          signal,
        });
      }
      progress.state = "done";
    } catch (error) {
      const isStopped = codeOf(error) === "ABORTED";
      progress.state = isStopped ? "stopped" : "failed";
      if (!isStopped) progress.error = error;
      if (codeOf(error) === "WORKER_DIED") {
        this.#page.set({ models: this.#page.models.filter((other) => other !== live) });
      }
    }
    progress.timeLeft = undefined;
    this.#onChange();
  }

  async #fit(live: LiveModel, run: Run, progress: Progress, signal: AbortSignal): Promise<void> {
    const { epochs, batchSize, validationFreq } = run.settings;
    const [train, test] = await Promise.all([this.#data.rows("train"), this.#data.rows("test")]);
    const clock = new StepClock(progress.batches, run);
    const means = new MeansBetween(run.counts.train.samples, batchSize);
    let epoch = 1;
    const onBatchEnd = async (index: number, logs: BatchLogs): Promise<void> => {
      const batch = index + 1;
      clock.stepped(batch);
      const x = epoch - 1 + batch / logs.batches;
      const since = means.since(batch, logs);
      progress.loss.train.add(x, since.loss);
      progress.accuracy.train.add(x, since.accuracy);
      progress.batch = batch;
      progress.msPerStep = clock.msPerStep;
      progress.timeLeft = clock.timeLeft(epoch, batch);
      this.#onChange();
      const { loss, accuracy = Number.NaN } = logs;
      await this.#page.moment("batch", {
        ...live,
        epoch,
        epochs,
        batch,
        batches: logs.batches,
        loss,
        accuracy,
      });
      await this.#gate?.opened;
      clock.goOn();
    };
    const onEpochEnd = async (_: number, logs: EpochLogs): Promise<void> => {
      const { loss, accuracy = Number.NaN, valLoss, valAccuracy } = logs;
      const validation = {
        ...(valLoss !== undefined && { valLoss }),
        ...(valAccuracy !== undefined && { valAccuracy }),
      };
      if (valLoss !== undefined) {
        clock.validated();
        progress.loss.validation.add(epoch, valLoss);
        progress.accuracy.validation.add(epoch, valAccuracy ?? Number.NaN);
      }
      progress.epochs.push({ epoch, loss, accuracy, ...validation, msPerStep: clock.msPerStep });
      this.#onChange();
      const { batches } = progress;
      await this.#page.moment("epoch", {
        ...live,
        epoch,
        epochs,
        batch: batches,
        batches,
        loss,
        accuracy,
        ...validation,
      });
      await this.#gate?.opened;
      epoch++;
      means.restart();
      clock.restart();
      progress.batch = epoch > epochs ? batches : 0;
    };
    await live.model.fit(transfer(train.x), transfer(train.y), {
      epochs,
      batchSize,
      validationData: [transfer(test.x), transfer(test.y)],
      validationFreq,
      signal,
      onBatchEnd,
      onEpochEnd,
    });
  }
}

/** Close the runtimes of the page's models, and with them the models. */
export async function closeModels(page: Page): Promise<void> {
  const { models } = page;
  page.set({ models: [], reading: null, text: null });
  await Promise.all(models.map(({ kit }) => kit.close()));
}

async function makeModels(
  cells: readonly Cell[],
  settings: Settings,
  inputDim: number,
): Promise<LiveModel[]> {
  const made = await Promise.allSettled(
    cells.map((cell) => makeModel(cell, cells.length, settings, inputDim)),
  );
  const failed = made.find((result) => result.status === "rejected");
  const live = made.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  if (!failed) return live;
  await Promise.all(live.map(({ kit }) => kit.close()));
  throw failed.reason;
}

async function makeModel(
  cell: Cell,
  siblings: number,
  settings: Settings,
  inputDim: number,
): Promise<LiveModel> {
  const { seed, learningRate, threads } = settings;
  const kit = await spawnRuntime({ threads: threads === "auto" ? sharedThreads(siblings) : threads });
  try {
    const compiled = async (): Promise<Model> => {
      const model = await kit.sequential(layersOf(settings, cell, inputDim), { seed });
      await model.compile({
        optimizer: { name: "adam", learningRate },
        loss: "binaryCrossentropy",
        metrics: ["accuracy"],
      });
      return model;
    };
    return { cell, model: await compiled(), kit, source: "run", twin: compiled };
  } catch (error) {
    await kit.close();
    throw error;
  }
}

/** The processors, shared among the models that train side by side. */
function sharedThreads(models: number): number {
  return Math.max(1, Math.floor(usualThreads() / models));
}

/** Means over the batches between two reports, from the means over the epoch so far. */
class MeansBetween {
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
class StepClock {
  readonly #batches: number;
  readonly #run: Run;
  #since = performance.now();
  #active = 0;
  #steps = 0;
  /** Of the epoch before, for the first batches of the next. */
  #lastMsPerStep = 0;
  #validation: number | undefined;

  constructor(batches: number, run: Run) {
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

/** A run of training: data are prepared, a worker for each model starts, and fit goes on until it ends. */
import {
  type BatchLogs,
  type CallbackState,
  type EpochLogs,
  type Logs,
  type Model,
  spawnRuntime,
  transfer,
} from "lstmkit";
import { Curve, type CurveState } from "./curve.ts";
import { note, type OwnStores, ownStores } from "./cut-off.ts";
import type { DataReader } from "./data-reader.ts";
import type { Prepared, Wanted } from "./data-worker.ts";
import { codeOf } from "./failure.ts";
import type { Cell, LiveModel, Page } from "./page.ts";
import { layersOf, type Settings, type Source } from "./settings.ts";
import { MeansBetween, StepClock } from "./step-clock.ts";
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

/** How often a run is kept, for a reload to go on from. */
const KEEP_EVERY = "5s";

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
  /** Where checkpoints of the run are kept, and whether it goes on from them. */
  #kept: { readonly stores: OwnStores; readonly resume: boolean } | null = null;
  #isLeft = false;
  metadata: Metadata = {};

  constructor(page: Page, data: DataReader, onChange: () => void) {
    this.#page = page;
    this.#data = data;
    this.#onChange = onChange;
  }

  /**
   * Train, until the end or stop().
   *
   * @param params of a link: what a run that is cut off can be begun again with
   * @param resume whether to go on with the one that was cut off
   * @param begin is told of the run when its models are made
   * @throws what reading the data or starting a worker throws; what happens later stands in the run
   */
  async start(
    settings: Settings,
    source: Source,
    wanted: Wanted,
    { params, resume }: { readonly params: URLSearchParams; readonly resume: boolean },
    begin: (run: Run) => void,
  ): Promise<void> {
    const controller = new AbortController();
    this.#controller = controller;
    this.#isLeft = false;
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
      const stores = await ownStores();
      if (stores) {
        if (!resume) await stores.clear().catch(() => {});
        this.#kept = { stores, resume };
        note(params);
      }
      begin(run);
      if (!controller.signal.aborted) this.#page.set({ phase: "training" });
      await Promise.all(live.map((model, i) => this.#train(model, run, run.progress[i]!, controller.signal)));
      const isOver = run.progress.every(({ state }) => state === "done" || state === "stopped");
      if (isOver && !this.#isLeft) await this.#forget();
    } finally {
      await this.#kept?.stores.release();
      this.#kept = null;
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

  /** The run is done, or was given up. */
  async #forget(): Promise<void> {
    if (!this.#kept) return;
    note(null);
    await this.#kept.stores.clear().catch(() => {}); // what is left is replaced by the next run
  }

  /** The page ends: what is kept is for the next visit. */
  leave(): void {
    this.#isLeft = this.#controller !== null;
    this.stop();
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
    const { loss, accuracy } = progress;
    const curves = [loss.train, loss.validation, accuracy.train, accuracy.validation];
    const seen = {
      onBatchEnd,
      onEpochEnd,
      getState: () => {
        const values = { epoch, epochs: progress.epochs, curves: curves.map(({ state }) => state) };
        return { values: values as unknown as CallbackState["values"] };
      },
      setState: ({ values }: CallbackState) => {
        const before = values as unknown as Seen;
        epoch = before.epoch;
        progress.epochs.push(...before.epochs);
        for (const [i, curve] of curves.entries()) curve.state = before.curves[i]!;
        this.#onChange();
      },
    };
    const kept = this.#kept;
    await live.model.fit(transfer(train.x), transfer(train.y), {
      epochs,
      batchSize,
      validationData: [transfer(test.x), transfer(test.y)],
      validationFreq,
      signal,
      callbacks: [seen],
      ...(kept && {
        checkpoint: {
          store: kept.stores.of(live.cell),
          every: KEEP_EVERY,
          resume: kept.resume,
          onError: () => {}, // no room: the training goes on, and a reload ends it
        },
      }),
    });
  }
}

/** What was seen of a run before it was cut off. */
interface Seen {
  readonly epoch: number;
  readonly epochs: readonly EpochRow[];
  readonly curves: readonly CurveState[];
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

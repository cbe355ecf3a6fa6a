/** What a trial is judged by: the numbers that `lstmkit train --json` tells of each task, under names. */

/** What train is for: --task, or none. */
export type TaskName = "none" | "classify" | "detect" | "generate" | "forecast";

/** An event of `train --json`. */
export type TrainEvent = Readonly<Record<string, unknown>> & { readonly event: string };

export type Metrics = Readonly<Record<string, number>>;

interface Measures {
  /** Of the numbers below the one that counts where the plan names none: on a held-out fold, and without folds. */
  readonly objective: { readonly folds: string; readonly plain: string };
  /** Names in the events of epochs. */
  readonly epoch: readonly string[];
  /** Whose weights the model has at the end: those of the last epoch, or of the best. */
  readonly keeps: "last" | "best";
  /** Whether the events of epochs count from 1 up to the end of training, so that a trial can be stopped behind one. */
  readonly pauses: boolean;
  /** Where other events have numbers: event, path, name. */
  readonly others: readonly (readonly [event: string, path: string, name: string])[];
}

/** Of an evaluation, whose split is in the event. */
const evaluation = (split: string) =>
  ["loss", "accuracy"].map((name) => [`evaluate ${split}`, name, `${split}.${name}`] as const);

const both = (name: string) => ({ folds: name, plain: name });

const MEASURES: Readonly<Record<TaskName, Measures>> = {
  none: {
    objective: both("test.loss"),
    epoch: ["loss", "accuracy", "valLoss", "valAccuracy"],
    keeps: "last",
    pauses: true,
    others: [...evaluation("train"), ...evaluation("test")],
  },
  classify: {
    objective: { folds: "test.loss", plain: "valLoss" },
    epoch: ["loss", "accuracy", "valLoss", "valAccuracy"],
    keeps: "best",
    pauses: true,
    others: [
      ["done", "test.loss", "test.loss"],
      ["done", "test.accuracy", "test.accuracy"],
      ["done", "test.macro.f1", "test.macroF1"],
    ],
  },
  detect: {
    objective: both("valLoss"),
    epoch: ["loss", "valLoss"],
    keeps: "best",
    pauses: true,
    others: [["report", "errors.network", "validation.mae"]],
  },
  generate: {
    objective: both("valBits"),
    epoch: ["bits", "valBits"],
    keeps: "best",
    pauses: false,
    others: [["done", "bits.validation", "valBits"]],
  },
  forecast: {
    objective: both("validation.mse"),
    epoch: [],
    keeps: "best",
    pauses: false,
    others: (["mse", "mae", "rmse"] as const).flatMap((name) => [
      ["report", `validation.${name}`, `validation.${name}`] as const,
      ["report", `test.network.${name}`, `test.${name}`] as const,
    ]),
  },
};

export const measuresOf = (task: TaskName): Measures => MEASURES[task];

/** Every name that an objective may have. */
export function metricNames(task: TaskName): string[] {
  const { epoch, others } = MEASURES[task];
  return [...new Set([...epoch, ...others.map(([, , name]) => name)])];
}

/** Whether less is better goes by the name. */
export const goalOf = (name: string): "minimize" | "maximize" =>
  /(accuracy|f1|precision|recall|auc|r2)/i.test(name) ? "maximize" : "minimize";

/** The numbers of each epoch, by its number from 1. Plain data. */
export type EpochRecord = Readonly<Record<string, Metrics & { readonly isBest?: number }>>;

/** An epoch's event, for an EpochRecord. */
export function epochOf(task: TaskName, event: TrainEvent): EpochRecord[string] {
  const found: Record<string, number> = {};
  for (const name of MEASURES[task].epoch) {
    const value = event[name];
    if (typeof value === "number") found[name] = value;
  }
  if (event.isBest === true) found.isBest = 1;
  return found;
}

/** What is known of a trial after its first `last` epochs, and of what it told at its end. */
export function metricsOf(
  task: TaskName,
  epochs: EpochRecord,
  last: number,
  others: readonly TrainEvent[],
): Metrics {
  const { keeps, others: places } = MEASURES[task];
  const metrics: Record<string, number> = {};
  for (let epoch = 1; epoch <= last; epoch++) {
    const { isBest, ...numbers } = epochs[epoch] ?? {};
    if (keeps === "last" || isBest === 1) Object.assign(metrics, numbers);
  }
  for (const [of, path, name] of places) {
    const [event, split] = of.split(" ");
    const told = others.findLast(
      (one) => one.event === event && (split === undefined || one.split === split),
    );
    let value: unknown = told;
    for (const key of path.split(".")) value = (Object(value) as Record<string, unknown>)[key];
    if (typeof value === "number") metrics[name] = value;
  }
  return metrics;
}

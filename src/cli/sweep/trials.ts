/** The trials of a plan: configurations, and for each its seeds, folds and series. The same plan, the same trials. */
import { RandomState } from "../../data/random-state.ts";
import { LstmkitError } from "../../errors.ts";
import { type Choices, type FlagValue, MOST_TRIALS, type Plan, type Range } from "./plan.ts";

/** A choice of all parameters. */
export interface Configuration {
  /** From 1. */
  readonly number: number;
  readonly parameters: Readonly<Record<string, FlagValue>>;
}

/** One training run. */
export interface Trial {
  /** Its number from 1, in four digits at least. */
  readonly id: string;
  readonly configuration: Configuration;
  readonly seed: number | null;
  /** From 1. */
  readonly fold: number | null;
  readonly series: string | null;
}

/** @param series their names, where there is a model for each @throws BAD_PLAN where there are too many, or too few to draw */
export function trialsOf(plan: Plan, series: readonly string[] | null): Trial[] {
  const each = (series?.length ?? 1) * (plan.seeds?.length ?? 1) * (plan.folds ?? 1);
  const configurations = plan.method === "grid" ? grid(plan, each) : draws(plan);
  const count = configurations.length * each;
  if (count > MOST_TRIALS) throw tooMany(plan, count);
  const folds = plan.folds === null ? [null] : Array.from({ length: plan.folds }, (_, i) => i + 1);
  const trials: Omit<Trial, "id">[] = [];
  for (const of of series ?? [null]) {
    for (const configuration of configurations) {
      for (const seed of plan.seeds ?? [null]) {
        for (const fold of folds) trials.push({ configuration, seed, fold, series: of });
      }
    }
  }
  const digits = Math.max(4, String(trials.length).length);
  return trials.map((trial, i) => ({ id: String(i + 1).padStart(digits, "0"), ...trial }));
}

function tooMany({ method }: Plan, count: number): LstmkitError {
  const remedy = method === "grid" ? 'Give fewer values, or "method": "random" with "trials"' : "Give fewer";
  return new LstmkitError(
    "BAD_PLAN",
    `the plan makes ${count} trials; wanted ${MOST_TRIALS} at most. ${remedy}.`,
  );
}

/** Every combination; the last parameter changes first. */
function grid(plan: Plan, each: number): Configuration[] {
  const axes = Object.entries(plan.parameters).map(([name, values]) => [name, valuesOf(values)] as const);
  const count = axes.reduce((product, [, values]) => product * values.length, 1);
  if (count * each > MOST_TRIALS) throw tooMany(plan, count * each); // before any are made
  let found: Record<string, FlagValue>[] = [{}];
  for (const [name, values] of axes) {
    found = found.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  }
  return found.map((parameters, i) => ({ number: i + 1, parameters }));
}

const valuesOf = (values: Choices | Range): Choices =>
  "min" in values
    ? Array.from({ length: stepsOf(values) }, (_, i) => tidy(values.min + i * values.step!))
    : values;

const stepsOf = ({ min, max, step }: Range) => Math.floor((max - min) / step! + 1e-9) + 1;

/** Without the noise of binary fractions: 0.1 + 2 · 0.1 is 0.3. */
const tidy = (value: number) => Number(value.toPrecision(12));

/** Draws that nobody has seen before, of the plan's seed. */
function draws({ parameters, trials, seed }: Plan): Configuration[] {
  const random = new RandomState(seed);
  const found = new Map<string, Configuration>();
  /** Of a small space most draws are repeats towards its end. */
  for (let tries = 0; found.size < trials! && tries < 100 * trials! + 1000; tries++) {
    const drawn = Object.fromEntries(
      Object.entries(parameters).map(([name, values]) => [name, draw(values, random)]),
    );
    const key = JSON.stringify(drawn);
    if (!found.has(key)) found.set(key, { number: found.size + 1, parameters: drawn });
  }
  if (found.size < trials!) {
    throw new LstmkitError(
      "BAD_PLAN",
      `"trials" are ${trials}, and ${found.size} different configurations were found to draw; wanted no more than there are. Give fewer, or "method": "grid".`,
    );
  }
  return [...found.values()];
}

function draw(values: Choices | Range, random: RandomState): FlagValue {
  if (!("min" in values)) return values[random.interval(values.length - 1)]!;
  const { min, max, step, scale } = values;
  if (step !== undefined) return tidy(min + random.interval(stepsOf(values) - 1) * step);
  const share = random.interval(2 ** 32 - 2) / (2 ** 32 - 2);
  const value = scale === "log" ? min * (max / min) ** share : min + share * (max - min);
  // Four digits are as many as a person reads, and the same on every engine.
  return Math.min(Math.max(Number(value.toPrecision(4)), min), max);
}

/** What `lstmkit train` is given for it, data last; --out and how it computes are not in it. */
export function trainArguments(plan: Plan, trial: Trial): string[] {
  const { configuration, seed, fold, series } = trial;
  const flags: Record<string, FlagValue> = {
    ...(plan.task !== "none" && { task: plan.task }),
    ...plan.flags,
    ...configuration.parameters,
    ...(seed !== null && { seed }),
    ...(fold !== null && { kfold: `${fold}/${plan.folds}`, "kfold-seed": plan.foldSeed }),
    ...(series !== null && { "only-series": series }),
  };
  return Object.entries(flags).flatMap(([name, value]) => {
    if (value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}=${value}`];
  });
}

/** The same command for a person, who may type it. */
export function commandLine(plan: Plan, trial: Trial): string {
  const words = ["lstmkit", "train", ...plan.data, ...trainArguments(plan, trial)];
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}

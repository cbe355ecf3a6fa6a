/** The plan of a sweep: a JSON file, read strictly. */
import { basename } from "node:path";
import { MOST_TEXT, readBytes } from "../../disk/disk-node.ts";
import { LstmkitError } from "../../errors.ts";
import { JsonError, parseJson } from "../../json.ts";
import { didYouMean, show } from "../../options.ts";
import { argumentsOf, TRAIN, TRAIN_TASKS, type TrainCommand } from "../train-commands.ts";
import { goalOf, measuresOf, metricNames, type TaskName } from "./measures.ts";

/** What a flag is given: as on the command line, true for one without a value. */
export type FlagValue = string | number | boolean;

/** Values to choose from. */
export type Choices = readonly FlagValue[];

/** Numbers from `min` to `max`, both included. */
export interface Range {
  readonly min: number;
  readonly max: number;
  /** Numbers at this distance from min on; whole ones where both are whole. Without it, any number. */
  readonly step?: number;
  /** "log": as many between 0.001 and 0.01 as between 0.01 and 0.1. */
  readonly scale: "linear" | "log";
}

export interface Halving {
  /** One of so many configurations goes on after each rung, for so many times the epochs. */
  readonly factor: number;
  /** Epochs of the first rung. */
  readonly least: number;
}

/** A plan with everything filled in. Plain data. */
export interface Plan {
  readonly task: TaskName;
  readonly data: readonly string[];
  readonly flags: Readonly<Record<string, FlagValue>>;
  readonly parameters: Readonly<Record<string, Choices | Range>>;
  readonly method: "grid" | "random";
  /** Configurations that a random search tries. */
  readonly trials: number | null;
  /** Of the random search. */
  readonly seed: number;
  /** --seed of the trials, each configuration with each; null for what flags or parameters say. */
  readonly seeds: readonly number[] | null;
  readonly folds: number | null;
  readonly foldSeed: number;
  /** true for all that the data have. */
  readonly eachSeries: readonly string[] | boolean;
  readonly objective: { readonly name: string; readonly goal: "minimize" | "maximize" };
  readonly halving: Halving | null;
  readonly keep: "best" | "all";
}

/** Trials beyond these are a plan that nobody meant. */
export const MOST_TRIALS = 10_000;

const bad = (message: string, cause?: unknown) => new LstmkitError("BAD_PLAN", message, { cause });

/** Flags that a sweep gives itself, and what stands in the plan for them. */
const OWN_FLAGS: Readonly<Record<string, string>> = {
  task: 'give it under "flags", the same for all trials',
  out: "the sweep's --out is the folder of all",
  json: "the sweep reads it from its trials by itself",
  checkpoint: "a sweep keeps the state of its trials by itself",
  "checkpoint-every": "a sweep keeps the state of its trials by itself",
  resume: "a sweep that is called again goes on by itself",
  report: "results are in the sweep's folder; evaluate the best model with a report",
  kfold: 'give "folds"',
  "kfold-seed": 'give "foldSeed"',
  "only-series": 'give "eachSeries"',
};

/** @throws FILE_NOT_FOUND, FILE_UNREADABLE; BAD_PLAN */
export async function readPlan(path: string): Promise<Plan> {
  const bytes = await readBytes(path, MOST_TEXT);
  let found: unknown;
  try {
    found = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const why = cause instanceof JsonError ? cause.message : "is not UTF-8";
    throw bad(
      `${basename(path)} ${why}; wanted a plan: a JSON object with data, flags and parameters.`,
      cause,
    );
  }
  return checkedPlan(found);
}

/** @throws BAD_PLAN */
export function checkedPlan(found: unknown): Plan {
  if (!isObject(found)) throw bad(`the plan is ${show(found)}; wanted a JSON object.`);
  for (const name of Object.keys(found)) {
    if (!Object.hasOwn(FIELDS, name)) {
      throw bad(
        `the plan has ${show(name)}${didYouMean(name, Object.keys(FIELDS))}; it takes ${Object.keys(FIELDS).join(", ")}.`,
      );
    }
    FIELDS[name]!(found[name]);
  }
  const given = found as Partial<Record<string, never>>;
  const { task, ...flags } = { ...(given.flags as Record<string, FlagValue> | undefined) };
  if (task !== undefined && !Object.hasOwn(TRAIN_TASKS, String(task))) {
    throw bad(`flags.task is ${show(task)}; wanted ${Object.keys(TRAIN_TASKS).join(", ")}, or none.`);
  }
  const plan: Plan = {
    task: (task ?? "none") as TaskName,
    data: given.data === undefined ? [] : [given.data].flat(),
    flags,
    parameters: Object.fromEntries(
      Object.entries((given.parameters ?? {}) as Record<string, Choices | Range>).map(([name, values]) => [
        name,
        "min" in values ? { ...values, scale: (values as Range).scale ?? "linear" } : values,
      ]),
    ),
    method: given.method ?? "grid",
    trials: given.trials ?? null,
    seed: given.seed ?? 0,
    seeds:
      typeof given.seeds === "number"
        ? Array.from({ length: given.seeds }, (_, i) => i)
        : (given.seeds ?? null),
    folds: given.folds ?? null,
    foldSeed: given.foldSeed ?? 113,
    eachSeries: given.eachSeries ?? false,
    objective: objectiveOf(given, (task ?? "none") as TaskName),
    halving: given.halving === undefined ? null : halvingOf(given.halving),
    keep: given.keep ?? "best",
  };
  if (validatesEachRung(plan) && !(VALIDATION in flags || VALIDATION in plan.parameters))
    flags[VALIDATION] = 1;
  checkTogether(plan);
  return plan;
}

const VALIDATION = "validation-freq";

/** Trials that are compared by their validation, of a command that does not validate after every epoch by itself. */
const validatesEachRung = ({ task, halving, objective }: Pick<Plan, "task" | "halving" | "objective">) =>
  halving !== null && task === "none" && objective.name.startsWith("val");

type Check = (value: unknown) => void;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const isScalar = (value: unknown): value is FlagValue =>
  isText(value) || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));
const isWhole = (least: number, most: number) => (value: unknown) =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
const isSeed = isWhole(0, 2 ** 32 - 1);

const must =
  (name: string, wanted: string, accepts: (value: unknown) => boolean): Check =>
  (value) => {
    if (!accepts(value)) throw bad(`${name} is ${show(value)}; wanted ${wanted}.`);
  };

const isListOf = (accepts: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.length > 0 && value.every(accepts) && new Set(value).size === value.length;

/** Every field of a plan, and what it takes by itself. */
const FIELDS: Readonly<Record<string, Check>> = {
  data: must(
    "data",
    "what train is given: a path, an address, or a name such as spam; or a list of them",
    (value) => isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText)),
  ),
  flags: (flags) => {
    must("flags", 'an object of flags without their dashes, such as { "epochs": 3 }', isObject)(flags);
    for (const [name, value] of Object.entries(flags as object)) {
      must(`flags.${name}`, "a text, a number, or true for a flag without a value", isScalar)(value);
    }
  },
  parameters: (parameters) => {
    must(
      "parameters",
      'an object of flags to search over, such as { "lr": [0.001, 0.003] }',
      isObject,
    )(parameters);
    for (const [name, value] of Object.entries(parameters as object)) checkParameter(name, value);
  },
  method: must("method", '"grid" or "random"', (value) => value === "grid" || value === "random"),
  trials: must(
    "trials",
    `a whole number from 1 to ${MOST_TRIALS}: configurations that a random search tries`,
    isWhole(1, MOST_TRIALS),
  ),
  seed: must("seed", "a whole number from 0 to 4294967295: that of the random search", isSeed),
  seeds: must(
    "seeds",
    "how many, as a whole number from 1 to 1000, or a list of different seeds",
    (value) => isWhole(1, 1000)(value) || isListOf(isSeed)(value),
  ),
  folds: must("folds", "a whole number from 2 to 1000", isWhole(2, 1000)),
  foldSeed: must("foldSeed", "a whole number from 0 to 4294967295", isSeed),
  eachSeries: must(
    "eachSeries",
    "true for a model of each series, or a list of different names",
    (value) => typeof value === "boolean" || isListOf((one) => typeof one === "string")(value),
  ),
  objective: must(
    "objective",
    'a name such as "valLoss", or { "name": …, "goal": "minimize" or "maximize" }',
    (value) =>
      isText(value) ||
      (isObject(value) &&
        isText(value.name) &&
        Object.keys(value).every((key) => key === "name" || key === "goal") &&
        [undefined, "minimize", "maximize"].includes(value.goal as string | undefined)),
  ),
  halving: must(
    "halving",
    'true, or { "factor": a whole number from 2 to 100, "least": epochs of the first rung, from 1 on }',
    (value) =>
      typeof value === "boolean" ||
      (isObject(value) &&
        Object.keys(value).every((key) => key === "factor" || key === "least") &&
        (value.factor === undefined || isWhole(2, 100)(value.factor)) &&
        (value.least === undefined || isWhole(1, 1_000_000)(value.least))),
  ),
  keep: must(
    "keep",
    '"best" or "all": whose models are kept',
    (value) => value === "best" || value === "all",
  ),
};

function checkParameter(name: string, value: unknown): void {
  const at = `parameters.${name}`;
  if (Array.isArray(value)) {
    if (value.length === 0) throw bad(`${at} is an empty list; wanted one value at least to try.`);
    for (const one of value) must(`a value of ${at}`, "a text, a number, true or false", isScalar)(one);
    const twice = value.find((one, i) => value.findIndex((other) => String(other) === String(one)) < i);
    if (twice !== undefined) throw bad(`${at} has ${show(twice)} twice; wanted each value once.`);
    return;
  }
  const wanted =
    'a list of values, or a range of numbers: { "min": …, "max": …, "step": …, "scale": "linear" or "log" }';
  must(at, wanted, isObject)(value);
  const range = value as Record<string, unknown>;
  const keys = ["min", "max", "step", "scale"];
  const unknown = Object.keys(range).find((key) => !keys.includes(key));
  if (unknown !== undefined)
    throw bad(`${at} has ${show(unknown)}${didYouMean(unknown, keys)}; wanted ${wanted}.`);
  const { min, max, step, scale = "linear" } = range;
  const isNumber = (one: unknown) => typeof one === "number" && Number.isFinite(one);
  if (!isNumber(min) || !isNumber(max) || !((min as number) < (max as number))) {
    throw bad(`${at} is from ${show(min)} to ${show(max)}; wanted two numbers, the smaller one first.`);
  }
  if (scale !== "linear" && scale !== "log")
    throw bad(`${at}.scale is ${show(scale)}; wanted "linear" or "log".`);
  if (scale === "log" && !((min as number) > 0)) {
    throw bad(`${at}.min is ${show(min)}; wanted a number above 0 for the scale "log".`);
  }
  if (step === undefined) return;
  if (scale === "log") throw bad(`${at} has a step and the scale "log"; wanted one of them.`);
  if (
    !isNumber(step) ||
    !((step as number) > 0) ||
    ((max as number) - (min as number)) / (step as number) > 1e6
  ) {
    throw bad(`${at}.step is ${show(step)}; wanted a number above 0, for a million values at most.`);
  }
}

function objectiveOf(
  { objective, folds, halving }: Readonly<Record<string, unknown>>,
  task: TaskName,
): Plan["objective"] {
  const byDefault = measuresOf(task).objective[folds === undefined ? "plain" : "folds"];
  const { name, goal } = isObject(objective)
    ? (objective as { name: string; goal?: Plan["objective"]["goal"] })
    : { name: (objective as string | undefined) ?? (halving ? "valLoss" : byDefault), goal: undefined };
  const names = metricNames(task);
  if (!names.includes(name)) {
    throw bad(
      `the objective is ${show(name)}${didYouMean(name, names)}; these trials tell ${names.join(", ")}.`,
    );
  }
  return { name, goal: goal ?? goalOf(name) };
}

function halvingOf(given: unknown): Halving | null {
  if (given === false) return null;
  const { factor = 3, least = 1 } = given === true ? {} : (given as Partial<Halving>);
  return { factor, least };
}

/** What fields ask of each other. @throws BAD_PLAN */
function checkTogether(plan: Plan): void {
  const { task, flags, parameters, method, trials, seeds, folds, eachSeries, halving } = plan;
  for (const name of [...Object.keys(flags), ...Object.keys(parameters)]) {
    const instead = Object.hasOwn(OWN_FLAGS, name) ? OWN_FLAGS[name] : undefined;
    if (instead !== undefined) throw bad(`the plan gives --${name} to its trials: ${instead}.`);
  }
  const both = Object.keys(flags).find((name) => Object.hasOwn(parameters, name));
  if (both !== undefined) throw bad(`${show(both)} is in flags and in parameters; wanted it in one of them.`);
  if (seeds && ("seed" in flags || "seed" in parameters)) {
    throw bad('--seed is given, and "seeds" are; wanted one of them.');
  }
  if (method === "random" && trials === null) {
    throw bad('the method is "random" without "trials"; wanted how many configurations to try.');
  }
  if (method === "random" && Object.keys(parameters).length === 0) {
    throw bad('the method is "random" without "parameters"; wanted flags to draw values of.');
  }
  if (method === "grid" && trials !== null) {
    throw bad(
      '"trials" is for the method "random"; a grid tries all. Leave it out, or give "method": "random".',
    );
  }
  for (const [name, values] of Object.entries(parameters)) {
    if (method === "grid" && "min" in values && values.step === undefined) {
      throw bad(
        `parameters.${name} is a range without a step, of which a grid has no end; wanted a "step", a list of values, or "method": "random".`,
      );
    }
  }
  if (folds !== null && task !== "none" && task !== "classify") {
    throw bad(
      `"folds" are for texts and sequences with classes; the task is ${task}${task === "forecast" ? ": a forecaster is judged on what comes later (lstmkit backtest)" : ""}. Leave them out.`,
    );
  }
  if (eachSeries !== false && task !== "forecast" && task !== "detect") {
    throw bad('"eachSeries" is for the tasks forecast and detect. Leave it out.');
  }
  if (eachSeries !== false && !("series" in flags)) {
    throw bad('"eachSeries" without flags.series; wanted the column that tells series apart.');
  }
  if (halving) checkHalving(plan, halving);
}

function checkHalving(plan: Plan, { least }: Halving): void {
  const { task, flags, parameters, objective } = plan;
  const { pauses, epoch } = measuresOf(task);
  if (!pauses)
    throw bad(
      `"halving" is not there for the task ${task}, whose training has no epochs to stop behind. Leave it out.`,
    );
  if (!epoch.includes(objective.name)) {
    throw bad(
      `the objective is ${show(objective.name)}, and "halving" compares trials after an epoch; wanted one of ${epoch.join(", ")}.`,
    );
  }
  const epochs = flags.epochs;
  if (typeof epochs !== "number" || "epochs" in parameters) {
    throw bad(
      '"halving" without flags.epochs as a number; wanted the epochs that the last rung ends with, the same for all.',
    );
  }
  if (least >= epochs)
    throw bad(`halving.least is ${least}, and flags.epochs ${epochs}; wanted fewer for the first rung.`);
  const every = parameters[VALIDATION] ?? flags[VALIDATION];
  if (validatesEachRung(plan) && String(every) !== "1") {
    throw bad(
      `"halving" compares trials by ${objective.name} after each rung, and ${VALIDATION} is ${show(every)}; wanted 1, or nothing about it.`,
    );
  }
}

/** Epochs after which trials are compared, the last rung's at the end. */
export function rungsOf({ factor, least }: Halving, epochs: number): number[] {
  const rungs: number[] = [];
  for (let at = least; at < epochs; at *= factor) rungs.push(at);
  return [...rungs, epochs];
}

export const commandOf = (task: TaskName): TrainCommand => (task === "none" ? TRAIN : TRAIN_TASKS[task]!);

/** Whether a trial's flags make a training. @throws BAD_PLAN */
export async function checkFlags(task: TaskName, argv: readonly string[]): Promise<void> {
  const command = commandOf(task);
  try {
    await command.check(argumentsOf(command, argv));
  } catch (cause) {
    if (!(cause instanceof LstmkitError)) throw cause;
    throw bad(`a trial would be refused: ${cause.message.slice(cause.code.length + 2)}`, cause);
  }
}

/** Learning rates that go by the step: Keras's schedules, as plain data. */
import { LstmkitError } from "../errors.ts";
import { checkOptions, didYouMean, number, type Option, show, trueOrFalse, wholeNumber } from "../options.ts";
import { cosPi, power } from "./elementary.ts";
import { aRate, aRateOrZero } from "./rates.ts";

/** initialLearningRate · decayRate^(step / decaySteps). */
export interface ExponentialDecay {
  schedule: "exponentialDecay";
  initialLearningRate: number;
  decaySteps: number;
  decayRate: number;
  /** step / decaySteps is rounded down, so that the rate falls in stairs. Default false. */
  staircase?: boolean;
}

/** values[i] up to and with the step boundaries[i], and the last value after all of them. */
export interface PiecewiseConstantDecay {
  schedule: "piecewiseConstantDecay";
  /** Steps, ascending. */
  boundaries: readonly number[];
  /** One more than there are boundaries. */
  values: readonly number[];
}

/** From initialLearningRate to endLearningRate within decaySteps: end + (initial - end)·(1 - step / decaySteps)^power. */
export interface PolynomialDecay {
  schedule: "polynomialDecay";
  initialLearningRate: number;
  decaySteps: number;
  /** Default 0.0001. */
  endLearningRate?: number;
  /** Default 1: a straight line. */
  power?: number;
  /** Begin anew after decaySteps, over the next multiple of it; else the rate stays at its end. Default false. */
  cycle?: boolean;
}

/** initialLearningRate / (1 + decayRate · step / decaySteps). */
export interface InverseTimeDecay {
  schedule: "inverseTimeDecay";
  initialLearningRate: number;
  decaySteps: number;
  decayRate: number;
  /** step / decaySteps is rounded down. Default false. */
  staircase?: boolean;
}

/** Half a cosine from the rate to alpha times it within decaySteps (Loshchilov and Hutter 2017), after a warm-up. */
export interface CosineDecay {
  schedule: "cosineDecay";
  /** Of the first step; 0 is allowed. */
  initialLearningRate: number;
  decaySteps: number;
  /** Where it ends, as a share. Default 0. */
  alpha?: number;
  /** The rate that warmupSteps lead to, in a straight line, and that decays then. Default none: no warm-up. */
  warmupTarget?: number;
  /** Default 0. */
  warmupSteps?: number;
}

/** Half a cosine after another, each tMul times as long and mMul times as high as the one before. */
export interface CosineDecayRestarts {
  schedule: "cosineDecayRestarts";
  initialLearningRate: number;
  firstDecaySteps: number;
  /** From 1 on. Default 2. */
  tMul?: number;
  /** Default 1. */
  mMul?: number;
  /** Where each ends, as a share of the initial rate. Default 0. */
  alpha?: number;
}

/** A learning rate by the number of steps that were taken: the first step has that of 0. */
export type LearningRateSchedule =
  | ExponentialDecay
  | PiecewiseConstantDecay
  | PolynomialDecay
  | InverseTimeDecay
  | CosineDecay
  | CosineDecayRestarts;

interface ScheduleKind<S> {
  readonly options: Readonly<Record<Exclude<keyof S, "schedule">, Option>>;
  /** What options do not say by themselves, in words; undefined where all is well. */
  unfit?(schedule: Required<S>): string | undefined;
  rate(schedule: Required<S>, step: number): number;
}

const steps = wholeNumber(1);
const notNegative = number("a finite number from 0 on", (n) => n >= 0 && n < Infinity);
const initialLearningRate = aRate;
const decaySteps = steps;
const alpha = { ...number("from 0 to 1", (n) => n >= 0 && n <= 1), fallback: 0 };
const staircase = { ...trueOrFalse, fallback: false };

const listOf = (what: string, fits: (value: unknown) => boolean) => ({
  wanted: `a list of ${what}`,
  accepts: (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(fits),
});

const fraction = (step: number, length: number, stairs: boolean) =>
  stairs ? Math.floor(step / length) : step / length;

/** From 1 to alpha, as x goes from 0 to 1. */
const cosine = (x: number, end: number, height = 1) => (1 - end) * 0.5 * height * (1 + cosPi(x)) + end;

const exponentialDecay: ScheduleKind<ExponentialDecay> = {
  options: { initialLearningRate, decaySteps, decayRate: notNegative, staircase },
  rate: (s, step) => s.initialLearningRate * power(s.decayRate, fraction(step, s.decaySteps, s.staircase)),
};

const piecewiseConstantDecay: ScheduleKind<PiecewiseConstantDecay> = {
  options: {
    boundaries: listOf("steps, whole numbers from 0 on", wholeNumber(0).accepts),
    values: listOf(`learning rates, each ${aRateOrZero.wanted}`, aRateOrZero.accepts),
  },
  unfit({ boundaries, values }) {
    if (values.length !== boundaries.length + 1) {
      return `values has ${values.length} entries; it must have one more than boundaries, which has ${boundaries.length}`;
    }
    return boundaries.every((step, i) => i === 0 || boundaries[i - 1]! < step)
      ? undefined
      : `boundaries is ${show(boundaries)}; it must ascend`;
  },
  rate({ boundaries, values }, step) {
    const passed = boundaries.findIndex((boundary) => step <= boundary);
    return values.at(passed)!; // -1, of none, is the last
  },
};

const polynomialDecay: ScheduleKind<PolynomialDecay> = {
  options: {
    initialLearningRate,
    decaySteps,
    endLearningRate: { ...aRateOrZero, fallback: 1e-4 },
    power: { ...notNegative, fallback: 1 },
    cycle: { ...trueOrFalse, fallback: false },
  },
  rate(s, step) {
    const length = s.decaySteps * (s.cycle ? Math.max(1, Math.ceil(step / s.decaySteps)) : 1);
    const left = 1 - Math.min(step, length) / length;
    return (s.initialLearningRate - s.endLearningRate) * power(left, s.power) + s.endLearningRate;
  },
};

const inverseTimeDecay: ScheduleKind<InverseTimeDecay> = {
  options: { initialLearningRate, decaySteps, decayRate: notNegative, staircase },
  rate: (s, step) => s.initialLearningRate / (1 + s.decayRate * fraction(step, s.decaySteps, s.staircase)),
};

const cosineDecay: ScheduleKind<CosineDecay> = {
  options: {
    initialLearningRate: aRateOrZero,
    decaySteps,
    alpha,
    warmupTarget: { ...aRate, fallback: undefined },
    warmupSteps: { ...wholeNumber(0), fallback: 0 },
  },
  unfit: ({ warmupTarget, warmupSteps }) =>
    warmupSteps > 0 && warmupTarget === undefined
      ? `warmupSteps is ${warmupSteps}, and there is no warmupTarget that they lead to`
      : undefined,
  rate({ initialLearningRate: initial, decaySteps: length, alpha: end, warmupTarget, warmupSteps }, step) {
    if (step < warmupSteps) return initial + (warmupTarget - initial) * (step / warmupSteps);
    return (warmupTarget ?? initial) * cosine(Math.min(step - warmupSteps, length) / length, end);
  },
};

const cosineDecayRestarts: ScheduleKind<CosineDecayRestarts> = {
  options: {
    initialLearningRate,
    firstDecaySteps: steps,
    tMul: { ...number("a finite number from 1 on", (n) => n >= 1 && n < Infinity), fallback: 2 },
    mMul: { ...notNegative, fallback: 1 },
    alpha,
  },
  rate(s, step) {
    const [restart, x] = period(step / s.firstDecaySteps, s.tMul);
    return s.initialLearningRate * cosine(x, s.alpha, power(s.mMul, restart));
  },
};

/** Of periods of length 1, tMul, tMul², …: which one `at` is in, and how far, from 0 to below 1. */
function period(at: number, tMul: number): [index: number, share: number] {
  if (tMul === 1) return [Math.floor(at), at - Math.floor(at)];
  let [index, length, left] = [0, 1, at];
  for (; left >= length; index++) {
    left -= length;
    length *= tMul;
  }
  return [index, left / length];
}

/** By their names, which are those of Keras's classes. */
export const SCHEDULES = {
  exponentialDecay,
  piecewiseConstantDecay,
  polynomialDecay,
  inverseTimeDecay,
  cosineDecay,
  cosineDecayRestarts,
} as const satisfies { readonly [K in LearningRateSchedule["schedule"]]: unknown };

const kindOf = ({ schedule }: LearningRateSchedule) =>
  SCHEDULES[schedule] as ScheduleKind<LearningRateSchedule>;

/** The rate of the `iteration`th step, from 1. */
export function rateAt(rate: number | LearningRateSchedule, iteration: number): number {
  if (typeof rate === "number") return rate;
  return kindOf(rate).rate(rate as Required<LearningRateSchedule>, iteration - 1);
}

/** What learningRate takes: a number, or a description of a schedule, which checkSchedule looks into. */
export const aRateOrSchedule = {
  wanted: `${aRate.wanted}, or a schedule such as { schedule: "cosineDecay", … }`,
  accepts: (value: unknown) =>
    aRate.accepts(value) || (typeof value === "object" && value !== null && Object.hasOwn(value, "schedule")),
};

/** A schedule with every default filled in; a number as it is. @throws BAD_ARGUMENT */
export function checkSchedule(given: number | LearningRateSchedule): number | LearningRateSchedule {
  if (typeof given === "number") return given;
  const { schedule, ...own } = given;
  if (typeof schedule !== "string" || !Object.hasOwn(SCHEDULES, schedule)) {
    const names = Object.keys(SCHEDULES);
    throw refusal(
      `learningRate's schedule is ${show(schedule)}${didYouMean(String(schedule), names)}; it must be one of ${names.join(", ")}`,
    );
  }
  const kind = kindOf(given);
  const options = checkOptions<object, object>(schedule, own, kind.options);
  const complete = { schedule, ...options } as Required<LearningRateSchedule>;
  const unfit = kind.unfit?.(complete);
  if (unfit !== undefined) throw refusal(`${schedule}: ${unfit}`);
  return complete as LearningRateSchedule;
}

const refusal = (message: string) => new LstmkitError("BAD_ARGUMENT", `${message}.`);

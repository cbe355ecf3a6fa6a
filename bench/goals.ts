/** What this package wants to reach beside its peers, and whether it did: `npm run bench -- --goals`. */
import type { Contender, Peer } from "./contenders.ts";
import type { Comparison } from "./report.ts";

/** A figure of ours and whose it is set against; less is better. */
interface Goal {
  /** Of the case or the process, as the bench calls it. */
  readonly of: string;
  /** In words, what of ours. */
  readonly name: string;
  readonly form: string;
  readonly threads: number;
  /** Against whom, by the form of its kind; none where the figure itself is the goal. */
  readonly against?: { readonly kind: Peer | "beside"; readonly form?: string; readonly name: string };
  /** Ratios ours / theirs, or milliseconds. */
  readonly reach: number;
  readonly aim: number;
  /** The Node majors that it is asked of. Default all. */
  readonly engines?: readonly number[];
}

const TORCH = { kind: "torch", form: "nn.LSTM", name: "PyTorch nn.LSTM" } as const;
const CELLS = { kind: "keras", form: "tutorial", name: "Keras cells" } as const;
const NATIVE = { kind: "ort-node", name: "ONNX Runtime native, f32" } as const;
const WEB = { kind: "ort-web", name: "ONNX Runtime Web" } as const;
/** The form is that of ours. */
const BESIDE = { kind: "beside", name: "the build beside" } as const;

const STEP = { of: "training step", name: "a step" } as const;
const INFER = { of: "inference", name: "128 reviews", threads: 1, against: NATIVE } as const;
const ONE = { name: "one review", threads: 1 } as const;
const CACHED = { ...ONE, of: "inference, one review, cacheTokens", name: "one review, cacheTokens" } as const;

export const GOALS: readonly Goal[] = [
  { ...STEP, form: "strict wide", threads: 1, against: TORCH, reach: 0.95, aim: 0.85 },
  { ...STEP, form: "strict wide", threads: 1, against: CELLS, reach: 1.15, aim: 1 },
  { ...STEP, form: "strict wide", threads: 2, against: CELLS, reach: 0.95, aim: 0.85 },
  { ...STEP, form: "relaxed wide", threads: 1, against: CELLS, reach: 0.9, aim: 0.8 },
  { ...STEP, form: "strict", threads: 1, against: BESIDE, reach: 1, aim: 0.93, engines: [20, 24] },
  { ...INFER, form: "relaxed wide", reach: 1.1, aim: 0.9 },
  { ...INFER, form: "int8", reach: 1.4, aim: 1.1 },
  { ...INFER, form: "int8 wide", reach: 0.8, aim: 0.65 },
  { ...CACHED, form: "int8", against: NATIVE, reach: 1, aim: 0.8 },
  { ...CACHED, form: "int8 wide", against: NATIVE, reach: 1, aim: 0.8 },
  {
    ...ONE,
    of: "inference, one review",
    form: "strict",
    against: WEB,
    reach: 0.65,
    aim: 0.5,
    engines: [20, 24],
  },
  {
    of: "whole seed job, wall",
    name: "the whole seed job, wall",
    form: "strict wide",
    threads: 2,
    against: CELLS,
    reach: 0.55,
    aim: 0.45,
  },
  {
    of: "import to first trained batch",
    name: "import to first trained batch, ms",
    form: "strict wide",
    threads: 1,
    reach: 150,
    aim: 100,
  },
];

/** Whether a contender is of use to a goal, as ours or as the other. */
export function isAsked(goal: Goal, { kind, form, threads, engine }: Contender): boolean {
  if (threads !== goal.threads) return false;
  if (engine && goal.engines && !goal.engines.includes(engine.major)) return false;
  return kind === "lstmkit"
    ? form === goal.form
    : kind === goal.against?.kind && form === formAgainst(goal, form);
}

const formAgainst = ({ form, against }: Goal, found: string): string =>
  against?.kind === "beside" ? form : (against?.form ?? found);

/** A line of the table. */
export interface Reached {
  readonly goal: string;
  readonly engine: string;
  readonly ms: number;
  readonly peer?: string;
  readonly peerMs?: number;
  /** Or milliseconds, where there is nobody to be set against. */
  readonly ratio: number;
  readonly reach: number;
  readonly aim: number;
}

/** Every goal, on every engine that it was measured on. A goal without a line was not measured. */
export function reachedOf(comparisons: readonly Comparison[]): Reached[] {
  return GOALS.flatMap((goal) => {
    const results = comparisons.find(({ name }) => name === goal.of)?.results ?? [];
    const asked = results.filter(({ contender }) => isAsked(goal, contender));
    return asked
      .filter(({ contender }) => contender.kind === "lstmkit")
      .flatMap(({ contender: { engine, form, threads }, time }): Reached[] => {
        const count = threads === 1 ? "1 thread" : `${threads} threads`;
        const common = {
          goal: `${goal.name}, ${form}, ${count}`,
          engine: engine!.name,
          ms: time.median,
          reach: goal.reach,
          aim: goal.aim,
        };
        if (!goal.against) return [{ ...common, ratio: time.median }];
        const { kind, name } = goal.against;
        const other = asked.find(
          ({ contender }) => contender.kind === kind && (!contender.engine || contender.engine === engine),
        );
        if (!other) return [];
        const peerMs = other.time.median;
        return [{ ...common, peer: name, peerMs, ratio: time.median / peerMs }];
      });
  });
}

/** Those of which nothing was measured, in words. */
export function unmeasured(reached: readonly Reached[]): string[] {
  const names = GOALS.map(({ name, form, threads, against }) => {
    const count = threads === 1 ? "1 thread" : `${threads} threads`;
    return { goal: `${name}, ${form}, ${count}`, peer: against?.name };
  });
  return names
    .filter(({ goal, peer }) => reached.every((line) => line.goal !== goal || line.peer !== peer))
    .map(({ goal, peer }) => (peer ? `${goal}, against ${peer}` : goal));
}

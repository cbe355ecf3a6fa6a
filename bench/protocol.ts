/**
 * What the bench and a contender say to each other: one JSON object a line, on the contender's stdin
 * and stdout. Each request gets one answer; a contender works only between the two.
 */
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

/** The work of a case, and where its data lie: little-endian arrays, row-major. */
export interface Setup {
  readonly task: "train" | "infer";
  /** Units of each of the two LSTM layers. */
  readonly H: number;
  readonly B: number;
  readonly T: number;
  readonly V: number;
  readonly E: number;
  /** One mask a sequence, on the inputs of both layers, while training. */
  readonly dropout: number;
  /** Of this package: whether predict keeps what it has made of tokens. */
  readonly cacheTokens: boolean;
  readonly batches: number;
  /** i32 (batches, B, T) */
  readonly ids: string;
  /** f32 (batches, B) */
  readonly labels: string;
  /** f32, every weight in the order of weightShapes() */
  readonly weights: string;
}

export type Request =
  | { readonly setup: Setup }
  /** Predict batch 0, then train on batches 0 … losses - 1. */
  | { readonly check: { readonly losses: number } }
  /** Do the task this many times, on one batch after another. */
  | { readonly run: number }
  /** Peak arithmetic speed of one thread of this engine. */
  | { readonly roofline: true };

/** What a contender says of itself, before any request. */
export interface Hello {
  readonly name: string;
}

export interface Check {
  /** Probabilities (B). */
  readonly predictions: readonly number[];
  /** Of the batches, before each one's step; empty for a contender that cannot train. */
  readonly losses: readonly number[];
}

/** Adam's learning rate, everywhere. */
export const LEARNING_RATE = 1e-3;

/** Shapes of the weights, in Keras's order and layout: kernels (in, out), gates i | f | g | o. */
export function weightShapes({ V, E, H }: Pick<Setup, "V" | "E" | "H">): number[][] {
  return [[V, E], [E, 4 * H], [H, 4 * H], [4 * H], [H, 4 * H], [H, 4 * H], [4 * H], [H, 1], [1]];
}

/** A case's arrays, read. */
export interface CaseData {
  readonly setup: Setup;
  readonly labels: Float32Array;
  readonly weights: Float32Array[];
  /** Ids (B, T) of batch `index` modulo the number of batches. */
  ids(index: number): Int32Array;
  /** Labels (B) of the same. */
  labelsOf(index: number): Float32Array;
}

export async function readCase(setup: Setup): Promise<CaseData> {
  const { B, T, batches } = setup;
  const bytes = async (path: string) => new Uint8Array(await readFile(path)).buffer;
  const ids = new Int32Array(await bytes(setup.ids));
  const labels = new Float32Array(await bytes(setup.labels));
  const all = new Float32Array(await bytes(setup.weights));
  let offset = 0;
  const weights = weightShapes(setup).map((shape) => {
    const length = shape.reduce((a, b) => a * b, 1);
    offset += length;
    return all.slice(offset - length, offset);
  });
  return {
    setup,
    labels,
    weights,
    ids: (index) => ids.subarray((index % batches) * B * T, ((index % batches) + 1) * B * T),
    labelsOf: (index) => labels.subarray((index % batches) * B, ((index % batches) + 1) * B),
  };
}

/** A contender's work on one case. */
export interface Work {
  predict(index: number): Promise<ArrayLike<number>> | ArrayLike<number>;
  /** One step; the loss before it. Absent where a contender cannot train. */
  train?(index: number): Promise<number> | number;
  /** Milliseconds of `count` steps from batch `index` on, for a contender that times them itself. */
  timeSteps?(index: number, count: number): Promise<number[]>;
  dispose(): void | Promise<void>;
}

/** Serve requests until stdin ends. stdout is the protocol's: nothing else may print there. */
export async function serve(
  hello: Hello,
  prepare: (data: CaseData) => Promise<Work>,
  roofline?: () => number,
): Promise<void> {
  const answer = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
  console.log = console.info = console.error;
  let work: Work | null = null;
  let task: Setup["task"] = "infer";
  let next = 0;
  answer(hello);
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    if ("setup" in request) {
      await work?.dispose();
      task = request.setup.task;
      next = 0;
      work = await prepare(await readCase(request.setup));
      answer({});
    } else if ("roofline" in request) {
      answer({ gflops: roofline?.() });
    } else if ("check" in request) {
      const predictions = Array.from(await work!.predict(0));
      const losses: number[] = [];
      for (let i = 0; work!.train && i < request.check.losses; i++) losses.push(await work!.train(i));
      answer({ predictions, losses } satisfies Check);
    } else {
      answer({ ms: await timed(work!, task, next, request.run) });
      next += request.run;
    }
  }
  await work?.dispose();
  process.exit(0);
}

async function timed(work: Work, task: Setup["task"], first: number, count: number): Promise<number[]> {
  if (task === "train" && work.timeSteps) return work.timeSteps(first, count);
  const ms: number[] = [];
  for (let i = first; i < first + count; i++) {
    const start = performance.now();
    await (task === "train" ? work.train!(i) : work.predict(i));
    ms.push(performance.now() - start);
  }
  return ms;
}

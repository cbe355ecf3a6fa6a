/** What is measured, and the arithmetic in it. */

export const GROUPS = ["step", "inference", "one", "width", "length", "start", "job"] as const;
export type Group = (typeof GROUPS)[number];

/** Vocabulary and length of a word's vector, in every case. */
export const V = 10_000;
export const E = 100;

export interface Case {
  readonly name: string;
  readonly group: Group;
  readonly task: "train" | "infer";
  readonly H: number;
  readonly B: number;
  readonly T: number;
  readonly dropout: number;
  /** Of this package: whether predict keeps what it has made of tokens. Default false. */
  readonly cacheTokens?: true;
}

const SEED_JOB = { H: 64, B: 128, T: 80 } as const;

export const CASES: readonly Case[] = [
  { ...SEED_JOB, name: "training step", group: "step", task: "train", dropout: 0.5 },
  { ...SEED_JOB, name: "inference", group: "inference", task: "infer", dropout: 0 },
  { ...SEED_JOB, name: "inference, one review", group: "one", task: "infer", B: 1, dropout: 0 },
  {
    ...SEED_JOB,
    name: "inference, one review, cacheTokens",
    group: "one",
    task: "infer",
    B: 1,
    dropout: 0,
    cacheTokens: true,
  },
  // Without dropout, so that the work is the same whoever does it and GFLOP/s mean something.
  ...[32, 64, 128, 256, 512].flatMap((H) =>
    [32, 128].flatMap((B): Case[] => [
      { name: `training step, H=${H} B=${B}`, group: "width", task: "train", H, B, T: 80, dropout: 0 },
      { name: `inference, H=${H} B=${B}`, group: "width", task: "infer", H, B, T: 80, dropout: 0 },
    ]),
  ),
  ...[20, 80, 320, 1280].flatMap((T): Case[] => [
    { ...SEED_JOB, name: `training step, T=${T}`, group: "length", task: "train", T, dropout: 0 },
    { ...SEED_JOB, name: `inference, T=${T}`, group: "length", task: "infer", T, dropout: 0 },
  ]),
];

/**
 * Floating-point operations of the matrix products; gates, head and optimiser are left out. Training
 * takes each product three times: forward, for the inputs' gradient, for the weights'.
 */
export function flopOf({ task, H, B, T }: Case): number {
  const forward = 2 * B * T * 4 * H * (E + 3 * H);
  return task === "train" ? 3 * forward : forward;
}

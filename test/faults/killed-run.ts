/** One training run of the command that is killed at random moments and goes on with --resume, until it is done. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The command as it is published; `npm run build` makes it. */
const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

export interface KilledRun {
  readonly folder: string;
  /** Of `lstmkit train`, without those of checkpoints. */
  readonly args: readonly string[];
  readonly every: string;
  readonly signals: readonly NodeJS.Signals[];
  /** Kills; after them it is left alone. */
  readonly kills: number;
  readonly seed: number;
  /** The latest moment for a kill, ms after the first word of the run; one in five is counted from the command's start. */
  readonly latest: number;
  /** From attempt to attempt. */
  readonly threads?: readonly number[];
  readonly onAttempt?: (attempt: Attempt) => void;
}

export interface Attempt {
  readonly number: number;
  /** Null where it was left alone, or was done before. */
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  /** Where it went on: batches of an epoch from 1; null where it began anew. */
  readonly from: { readonly epoch: number; readonly batches: number } | null;
  readonly stderr: string;
}

export interface KilledOutcome {
  /** Null where something else than a kill ended it. */
  readonly digest: string | null;
  readonly attempts: readonly Attempt[];
}

/** Numbers in [0, 1) by a seed: a linear congruence, Numerical Recipes' constants. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export async function killedRun(run: KilledRun): Promise<KilledOutcome> {
  const next = random(run.seed);
  const attempts: Attempt[] = [];
  for (let kills = 0; ; ) {
    const number = attempts.length;
    const threads = run.threads ? ["--threads", String(run.threads[number % run.threads.length])] : [];
    const flags = ["--checkpoint-every", run.every, "--resume", "--json", ...threads];
    const child = spawn(process.execPath, [CLI, "train", ...run.args, ...flags], { cwd: run.folder });
    const delay = kills < run.kills ? next() * run.latest : null;
    const fromStart = next() < 0.2;
    const signal = run.signals[Math.floor(next() * run.signals.length)]!;
    const { code, killed, events, stderr } = await ended(child, delay, signal, fromStart);
    const resumed = events.find(({ event }) => event === "resume");
    const from =
      typeof resumed?.epoch === "number"
        ? { epoch: resumed.epoch + 1, batches: Number(resumed.batches) }
        : null;
    const attempt = { number, signal: killed ? signal : null, code, from, stderr };
    attempts.push(attempt);
    run.onAttempt?.(attempt);
    const done = events.find(({ event }) => event === "done");
    if (done) return { digest: String(done.digest), attempts };
    if (!killed) return { digest: null, attempts };
    kills++;
  }
}

type Event = Readonly<Record<string, unknown>>;

async function ended(child: ChildProcess, delay: number | null, signal: NodeJS.Signals, fromStart: boolean) {
  let [stdout, stderr, killed] = ["", "", false];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const arm = () => {
    if (delay === null) return;
    timer ??= setTimeout(() => {
      killed = child.kill(signal);
    }, delay);
  };
  if (fromStart) arm();
  child.stdout!.setEncoding("utf8").on("data", (piece: string) => {
    arm();
    stdout += piece;
  });
  child.stderr!.setEncoding("utf8").on("data", (piece: string) => {
    stderr += piece;
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearTimeout(timer);
  const events = stdout.split("\n").flatMap((line): Event[] => {
    try {
      return [JSON.parse(line) as Event];
    } catch {
      return []; // cut by the kill, or empty
    }
  });
  return { code, killed, events, stderr };
}

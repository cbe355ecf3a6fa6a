/** What is measured as a process of its own: the whole seed job, and the way to its first batch. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Contender, threadsEnvironment } from "./contenders.ts";
import { spreadOf } from "./duel.ts";

export type Job = "seed-job" | "first-batch";

/** The line that a job prints at its end. */
interface JobReport {
  /** On the test set after the seed job; of the first batch. */
  readonly loss: number;
  readonly accuracy?: number;
  /** From the import to the first batch's end. */
  readonly ms?: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

export interface ProcessRun extends JobReport {
  /** From the start of the process to its end. */
  readonly wallMs: number;
}

/** A contender's command for a job; null where it has none. */
export function jobOf({ kind, form, threads, command, args }: Contender, job: Job): string[] | null {
  if (kind === "lstmkit") {
    return [command, fileURLToPath(new URL(`jobs/${job}.js`, import.meta.url)), form, String(threads)];
  }
  return kind === "keras" ? [command, ...args, job] : null;
}

export async function runJob(contender: Contender, job: Job, folder: string): Promise<ProcessRun> {
  const [command, ...args] = jobOf(contender, job)!;
  const env = { ...process.env, ...threadsEnvironment(contender.threads) };
  const start = performance.now();
  const child = spawn(command!, [...args, folder], { env, stdio: ["ignore", "pipe", "pipe"] });
  let [out, complaints] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const wallMs = performance.now() - start;
  if (code !== 0) throw new Error(complaints.trim().split("\n").at(-1) ?? `it ended with ${code}`);
  return { ...(JSON.parse(out.trim().split("\n").at(-1)!) as JobReport), wallMs };
}

/** The median of a figure over runs, with its spread. */
export function figure(runs: readonly ProcessRun[], of: (run: ProcessRun) => number) {
  return spreadOf(runs.map(of));
}

/** What is measured as a process of its own: the whole seed job, and the way to its first batch. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Contender, engineFlags, threadsEnvironment, titleOf, variantArguments } from "./contenders.ts";
import { spreadOf } from "./duel.ts";
import type { Report } from "./report.ts";

type Job = "seed-job" | "first-batch";

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

interface ProcessRun extends JobReport {
  /** From the start of the process to its end. */
  readonly wallMs: number;
}

/** A contender's command for a job; null where it has none. */
function jobOf({ kind, variant, threads, command, args }: Contender, job: Job): string[] | null {
  if (variant) {
    if (variant.math === "int8") return null; // it does not train
    const script = fileURLToPath(new URL(`jobs/${job}.js`, import.meta.url));
    return [command, ...engineFlags(variant), script, ...variantArguments(variant, threads)];
  }
  return kind === "keras" ? [command, ...args, job] : null;
}

async function runJob(
  contender: Contender,
  job: Job,
  folder: string,
  signal: AbortSignal,
): Promise<ProcessRun> {
  const [command, ...args] = jobOf(contender, job)!;
  const env = { ...process.env, ...threadsEnvironment(contender.threads) };
  const start = performance.now();
  const child = spawn(command!, [...args, folder], { env, signal, stdio: ["ignore", "pipe", "pipe"] });
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

/** Who may run a job, under the name it gave itself. */
export interface Entrant {
  readonly contender: Contender;
  readonly name: string;
}

export interface ProcessOptions {
  readonly rounds: number;
  /** Of the seed job's arrays. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

/** Run a job in everyone's fresh process, in turn. @returns how many failures there were */
export async function compareProcesses(
  job: Job,
  entrants: readonly Entrant[],
  report: Report,
  { rounds, folder, signal, progress }: ProcessOptions,
): Promise<number> {
  const able = entrants.filter(({ contender }) => jobOf(contender, job));
  if (able.every(({ contender }) => contender.kind !== "lstmkit")) return 0; // nobody to be set against the others
  const runs = new Map(able.map((entrant): [Entrant, ProcessRun[]] => [entrant, []]));
  let failures = 0;
  for (let round = 0; round < rounds; round++) {
    for (const [entrant, list] of runs) {
      const title = titleOf(entrant.contender, entrant.name);
      progress(`${job}: ${title}, round ${round + 1} of ${rounds}`);
      try {
        list.push(await runJob(entrant.contender, job, folder, signal));
      } catch (error) {
        if (signal.aborted) throw error;
        report.missing({
          peer: `${title}, ${job}`,
          why: error instanceof Error ? error.message : String(error),
        });
        if (entrant.contender.kind === "lstmkit") failures++;
        runs.delete(entrant);
      }
    }
  }
  progress("");
  // The strict build: the same bits whatever the engine, the width and the threads. Another build may have others.
  const strict = [...runs].filter(
    ([{ contender }]) => contender.kind === "lstmkit" && contender.variant!.math === "strict",
  );
  const losses = new Set(strict.flatMap(([, list]) => list.map(({ loss }) => loss)));
  if (losses.size > 1) {
    report.missing({ peer: `lstmkit strict, ${job}`, why: `its losses differ: ${[...losses].join(", ")}` });
    failures++;
  }
  const compare = (name: string, unit: "ms" | "MiB", of: (run: ProcessRun) => number) =>
    report.comparison({
      name,
      unit,
      results: [...runs].map(([entrant, list]) => ({ ...entrant, time: spreadOf(list.map(of)) })),
    });
  if (job === "first-batch") {
    compare("import to first trained batch", "ms", ({ ms }) => ms!);
    return failures;
  }
  for (const [{ contender, name }, list] of runs) {
    const accuracies = list.map(({ accuracy }) => `${(accuracy! * 100).toFixed(2)} %`);
    const title = `${titleOf(contender, name)}, threads ${contender.threads}`;
    report.note(`test accuracy after the seed job, ${title}: ${accuracies.join(", ")}`);
  }
  compare("whole seed job, wall", "ms", ({ wallMs }) => wallMs);
  compare("whole seed job, CPU", "ms", ({ cpuSeconds }) => cpuSeconds * 1000);
  compare("whole seed job, peak resident memory", "MiB", ({ peakMiB }) => peakMiB);
  return failures;
}

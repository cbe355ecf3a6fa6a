/** What is told of a sweep while it goes on, and at its end. */
import { count, duration, print, printJson, warn } from "../print.ts";
import { LiveLine, liveStream } from "../progress.ts";
import type { Plan } from "./plan.ts";
import type { Entry } from "./record.ts";
import { entryWords, type SweepResults } from "./results.ts";
import type { JobProgress } from "./run-job.ts";
import type { SweepListener } from "./run-sweep.ts";
import type { Trial } from "./trials.ts";

export class SweepReport implements SweepListener {
  readonly #isJson: boolean;
  readonly #plan: Plan;
  readonly #live: LiveLine;
  readonly #running = new Map<string, JobProgress | null>();
  readonly #began = performance.now();
  #total = 0;
  #done = 0;
  #old = 0;
  #failed = 0;
  #best: { trial: string; value: number } | null = null;

  constructor(plan: Plan, isJson: boolean) {
    this.#plan = plan;
    this.#isJson = isJson;
    this.#live = new LiveLine(isJson ? null : liveStream());
  }

  start(trials: readonly Trial[], configurations: number, where: string, folder: string): void {
    this.#total = trials.length;
    const { objective, halving } = this.#plan;
    if (this.#isJson) {
      printJson({ event: "start", trials: trials.length, configurations, objective, where, folder });
      return;
    }
    const each = trials.length === configurations ? "" : `, ${count(trials.length, "trial")}`;
    const way = halving ? `, by halving with factor ${halving.factor}` : "";
    print(
      `${count(configurations, "configuration")}${each}${way}; ${objective.goal} ${objective.name}; ${where}`,
    );
  }

  began(trial: Trial, progress: JobProgress | null): void {
    this.#running.set(trial.id, progress);
    this.#draw();
  }

  ended(trial: Trial, entry: Entry, isOld: boolean): void {
    this.#running.delete(trial.id);
    const { result, failure } = entry;
    const { name, goal } = this.#plan.objective;
    const isOver = failure !== undefined || result!.digest !== null;
    if (isOver) this.#done++;
    if (isOld) this.#old++;
    if (failure) this.#failed++;
    const value = result?.metrics[name];
    const sign = goal === "minimize" ? 1 : -1;
    if (value !== undefined && (!this.#best || sign * value < sign * this.#best.value)) {
      this.#best = { trial: trial.id, value };
    }
    if (isOld) return;
    if (this.#isJson) {
      const { configuration, seed, fold, series } = trial;
      const of = {
        trial: trial.id,
        configuration: configuration.number,
        parameters: configuration.parameters,
      };
      printJson({ event: "trial", ...of, seed, fold, series, ...result, ...(failure && { error: failure }) });
      return;
    }
    this.#live.clear();
    const time = result
      ? ` (${duration(result.seconds)}${isOver ? "" : `, after epoch ${result.epochs}`})`
      : "";
    print(`${trial.id} ${wordsOf(trial)}: ${entryWords(entry, name)}${time}`);
    this.#draw();
  }

  rung(_: number, epochs: number, tried: number, goOn: readonly number[]): void {
    if (this.#isJson) {
      printJson({ event: "rung", epochs, tried, goOn });
      return;
    }
    this.#live.clear();
    print(`After epoch ${epochs}: ${goOn.length} of ${count(tried, "configuration")} go on`);
  }

  /** Something about the work itself, for the person. */
  note(line: string): void {
    this.#live.clear();
    warn(line);
    this.#draw();
  }

  stopping(): void {
    this.#live.clear();
    warn(
      "Stopping: trials under way end after their batch, and are kept. Press Ctrl-C again to stop at once.",
    );
  }

  finished(results: SweepResults, folder: string): void {
    this.#live.clear();
    const seconds = (performance.now() - this.#began) / 1000;
    const { best } = results;
    if (this.#isJson) {
      printJson({ event: "done", seconds, trials: this.#total, failed: this.#failed, best, folder });
      return;
    }
    if (this.#old > 0) print(`${count(this.#old, "result")} of an earlier call`);
    if (this.#failed > 0) print(`${count(this.#failed, "trial")} failed: see ${folder}/results.csv`);
    const { name } = this.#plan.objective;
    for (const one of best.slice(0, MOST_TOLD)) {
      const of = one.series === null ? "" : ` of ${one.series}`;
      const what = Object.entries(one.parameters).map(([flag, value]) => `${flag}=${String(value)}`);
      print(`Best${of}: ${what.join(" ") || "the only configuration"}, ${name} ${one.mean.toPrecision(5)}`);
      print(`Digest: ${one.digest}`);
      print(`Model saved to ${folder}/${one.model}`);
      print(`Alone: ${one.command}`);
    }
    if (best.length > MOST_TOLD) print(`… and ${best.length - MOST_TOLD} more models in ${folder}/best`);
    print(`Elapsed time: ${duration(seconds)}`);
    print(`Results: ${folder}/results.csv, ${folder}/results.json`);
  }

  interrupted(folder: string): void {
    this.#live.clear();
    if (this.#isJson) printJson({ event: "interrupted", done: this.#done, trials: this.#total, folder });
    else
      print(
        `Interrupted after ${this.#done} of ${count(this.#total, "trial")}. The same command goes on; the state is in ${folder}.`,
      );
  }

  close(): void {
    this.#live.clear();
  }

  #draw(): void {
    const running = [...this.#running].map(([id, progress]) =>
      progress ? `${id} (${progress.epoch}/${progress.epochs})` : id,
    );
    const best = this.#best ? `, best ${this.#best.value.toPrecision(4)} (${this.#best.trial})` : "";
    const line = `${this.#done}/${this.#total} trials${best}; now ${running.join(", ")}`;
    this.#live.draw((columns) => line.slice(0, columns));
  }
}

const MOST_TOLD = 5;

function wordsOf({ configuration, seed, fold, series }: Trial): string {
  const words = Object.entries(configuration.parameters).map(([name, value]) => `${name}=${String(value)}`);
  if (series !== null) words.push(`series ${series}`);
  if (seed !== null) words.push(`seed ${seed}`);
  if (fold !== null) words.push(`fold ${fold}`);
  return words.join(" ") || "the only configuration";
}

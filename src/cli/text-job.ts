/** Training a generator on the command line: the job itself, and what is told of it. */
import { writeWhole } from "../disk/disk-node.ts";
import { LstmkitError } from "../errors.ts";
import type { Runtime, RuntimeInfo } from "../runtime.ts";
import {
  type GenerateProgress,
  type GenerateReport,
  type GenerateStart,
  type GenerateValidation,
  type GeneratorOptions,
  generator,
  type TextGenerator,
} from "../tasks/index.ts";
import type { RunCheckpoints } from "./checkpoint-flags.ts";
import { INTERRUPTED } from "./interruption.ts";
import { count, duration, print, printJson, warn } from "./print.ts";
import { type FitLine, LiveLine, liveStream, timePerStep } from "./progress.ts";
import { onFirst } from "./ranks.ts";

/** What is to be done. */
export interface TextJob {
  /** What the texts are called in messages. */
  readonly name: string;
  readonly texts: readonly string[];
  readonly options: GeneratorOptions;
  /** Where the model goes; null for nowhere. */
  readonly out: string | null;
  readonly isJson: boolean;
  readonly checkpoints?: RunCheckpoints;
}

/** The report of a job: call stopping() on the first Ctrl-C, and close() at the end. */
export class TextJobReport {
  readonly #live: LiveLine;
  readonly #isJson: boolean;
  #began = performance.now();
  #unit = "character";
  #isStopping = false;

  constructor(isJson: boolean) {
    this.#isJson = isJson;
    this.#live = new LiveLine(isJson ? null : liveStream());
  }

  start({ name, options }: TextJob, info: RuntimeInfo, start: GenerateStart): void {
    const { settings, tokens, vocabulary, baselines, parameters } = start;
    this.#unit = options.words ? "word" : "character";
    this.#began = performance.now();
    if (this.#isJson) {
      const { version, engine, math, threads, vectors } = info;
      const run = { version, engine, math, threads, vectors, parameters };
      printJson({ event: "start", ...run, dataset: name, tokens, vocabulary, settings, baselines });
      return;
    }
    const { version, engine, threads, vectors } = info;
    const { units, layers, embedding, epochs, batchSize, steps, seed } = settings;
    const number = (n: number) => n.toLocaleString("en-US");
    print(
      `lstmkit ${version} on ${engine}, ${count(threads, "thread")}, ${vectors}-bit vectors, seed ${seed}`,
    );
    print(
      `${name}: ${number(tokens.train)} ${this.#unit}s to learn from, ${number(tokens.validation)} at the end to validate on; ${number(vocabulary)} known`,
    );
    print(
      `LSTM ${Array(layers).fill(units).join(" and ")}, vectors of ${embedding}: ${number(parameters)} weights; ${batchSize} strands, ${steps} steps, at most ${count(epochs, "pass")}`.replace(
        "passs",
        "passes",
      ),
    );
    print(`Bits a ${this.#unit} without a network: ${baselineWords(baselines)}`);
  }

  batch(progress: GenerateProgress): void {
    if (this.#isStopping) return;
    const ms = (performance.now() - this.#began) / progress.batch;
    this.#live.draw(progressLine(progress, ms));
  }

  validation(validation: GenerateValidation): void {
    const { epoch, epochs, batch, batches, bits, valBits, seconds } = validation;
    if (this.#isJson) {
      printJson({ event: "epoch", epoch: epoch + 1, epochs, batch, batches, bits, valBits, seconds });
      return;
    }
    this.#live.clear();
    print(
      `Pass ${epoch + 1}/${epochs} - batch ${batch}/${batches} - ${duration(seconds)} - bits a ${this.#unit}: ${bits.toFixed(3)} - validation: ${valBits.toFixed(3)}`,
    );
  }

  stopping(): void {
    this.#isStopping = true;
    this.#live.clear();
    warn("Stopping; press Ctrl-C again to stop at once.");
  }

  ended(report: GenerateReport, saved: { digest: string; out: string | null }, isComplete: boolean): void {
    this.#live.clear();
    const seconds = (performance.now() - this.#began) / 1000;
    const { digest, out } = saved;
    if (this.#isJson) {
      const event = isComplete ? "done" : "interrupted";
      printJson({ event, seconds, ...report, digest, ...(out !== null && { out }) });
      return;
    }
    const { bits, baselines, unknown } = report;
    if (bits.validation !== null) {
      print(
        `Validation: ${bits.validation.toFixed(3)} bits a ${this.#unit}; without a network ${baselineWords(baselines)}`,
      );
      const best = baselines.reduce((a, b) => (a.bits <= b.bits ? a : b));
      if (best.bits <= bits.validation) {
        print(
          `A table of counts (${best.name}) says this text better: more text, or more passes, are wanted.`,
        );
      }
    }
    if (unknown > 0) print(`Unknown in the validation part: ${(100 * unknown).toFixed(2)} % of it`);
    print(`Elapsed time: ${duration(seconds)}`);
    print(`Digest: ${digest}`);
    if (out !== null) {
      print(`${isComplete ? "" : "Interrupted. "}Model saved to ${out}`);
      if (isComplete) print(`Go on: lstmkit generate ${out} --prompt "…"`);
    }
  }

  /** Ended before there was anything to keep. */
  interrupted(): void {
    this.#live.clear();
    if (this.#isJson) printJson({ event: "interrupted", digest: null, out: null });
    else print("Interrupted before the first batch; nothing was saved.");
  }

  close(): void {
    this.#live.clear();
  }
}

const baselineWords = (baselines: GenerateReport["baselines"]) =>
  baselines.map(({ name, bits }) => `${bits.toFixed(3)} (${BASELINES[name]})`).join(", ");

const BASELINES = { frequencies: "frequencies", trigram: "the two before it" };

/** `Pass 3/18 420/5634 12ms/step 1m 03s left 2.310 bits`, or what of it fits. */
function progressLine({ epoch, epochs, batch, batches, bits }: GenerateProgress, ms: number): FitLine {
  const left = duration((ms * (batches - batch)) / 1000);
  const parts = [
    `Pass ${epoch + 1}/${epochs}`,
    `${batch}/${batches}`,
    `${bits.toFixed(3)} bits`,
    timePerStep(ms),
    `at most ${left} left`,
  ];
  return (columns) => {
    let most = parts.length;
    while (most > 1 && parts.slice(0, most).join(" ").length > columns) most--;
    return parts.slice(0, most).join(" ");
  };
}

/** Train, and write the model. @returns the generator, and the exit code */
export async function runTextJob(
  kit: Runtime,
  job: TextJob,
  report: TextJobReport,
  signal: AbortSignal,
): Promise<{ generator: TextGenerator; code: number }> {
  const made = generator(kit, job.options);
  const info = await kit.info();
  let isComplete = true;
  try {
    await made.fit(job.texts, {
      signal,
      ...job.checkpoints?.option(),
      onStart: (start) => report.start(job, info, start),
      onBatchEnd: (progress) => report.batch(progress),
      onValidation: (validation) => report.validation(validation),
    });
  } catch (error) {
    if (!(error instanceof LstmkitError) || error.code !== "ABORTED") throw error;
    isComplete = false;
  }
  if (!made.report) {
    report.interrupted();
    job.checkpoints?.interrupted();
    return { generator: made, code: INTERRUPTED };
  }
  const bytes = await made.save();
  const { out } = job;
  if (out !== null) await onFirst(() => writeWhole(out, bytes));
  const plain = await kit.load(bytes);
  const digest = await plain.digest();
  await plain.dispose();
  report.ended(made.report, { digest, out: job.out }, isComplete);
  if (isComplete) await onFirst(() => job.checkpoints?.done());
  else job.checkpoints?.interrupted();
  return { generator: made, code: isComplete ? 0 : INTERRUPTED };
}

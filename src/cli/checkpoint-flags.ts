/** Checkpoints of a command that trains: where they are, how often, and what is said of them. */
import { join } from "node:path";
import type { Command } from "cac";
import { now } from "../clock.ts";
import { checkWritable } from "../disk/disk-node.ts";
import { folderCheckpoints } from "../folder-checkpoints-node.ts";
import { show } from "../options.ts";
import { type CheckpointStore, type FitCheckpoint, paceOf, type ResumedFrom } from "../train/checkpoint.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { print, printJson, warn } from "./print.ts";
import { ofRanks } from "./ranks.ts";

/** A run shorter than this keeps none, unless it was asked to. */
const LONG_RUN = 60_000;

export function declareCheckpointFlags(command: Command): Command {
  return command
    .option(
      "--checkpoint <folder>",
      "Keep the state of the run there, or none; default: <out>.checkpoints, in a run of more than a minute",
    )
    .option("--checkpoint-every <time>", "How often: a time such as 30s, or a number of batches", {
      default: "30s",
    })
    .option("--resume", "Go on from the newest checkpoint, as if the run had never stopped");
}

/** The checkpoints of one run of the command. */
export class RunCheckpoints {
  readonly #folder: string | null;
  readonly #isAsked: boolean;
  readonly #every: NonNullable<FitCheckpoint["every"]>;
  readonly #resume: boolean;
  readonly #isJson: boolean;
  readonly #store: CheckpointStore | null;
  readonly #began = now();
  #written = 0;
  #hasFailed = false;
  #unlock: (() => Promise<void>) | undefined;

  /** @throws UsageError */
  constructor(args: Arguments, out: string) {
    const given = args.text("checkpoint");
    const every = args.text("checkpoint-every")!; // has a default
    this.#isAsked = given !== undefined || args.has("checkpoint-every") || args.has("resume");
    this.#folder = given === "none" ? null : (given ?? `${out}.checkpoints`);
    this.#every = /^\d+$/.test(every) ? Number(every) : (every as `${number}s`);
    if (!paceOf(this.#every)) {
      throw new UsageError(
        `--checkpoint-every is ${show(every)}; wanted a time such as 30s, or a number of batches from 1 on.`,
      );
    }
    this.#resume = args.has("resume");
    this.#isJson = args.has("json");
    if (this.#resume && this.#folder === null) {
      throw new UsageError(
        "--resume goes on from a checkpoint, and --checkpoint is none. Leave one of them out.",
      );
    }
    this.#store = this.#folder === null ? null : folderCheckpoints(this.#folder);
  }

  /**
   * Find out before hours of training whether they can be written, where they were asked for, and have their folder alone.
   *
   * @throws FILE_UNWRITABLE, BUSY
   */
  async check(): Promise<void> {
    const folder = this.#folder;
    if (folder === null) return;
    if (this.#isAsked) this.#unlock = await this.#store!.lock!();
    if (!this.#resume && (await this.#store!.read()).length > 0) {
      warn(
        `There are checkpoints of an earlier run in ${folder}: --resume goes on with it; this run begins anew and replaces them.`,
      );
    }
    if (!this.#isAsked) return;
    await checkWritable(join(folder, "checkpoint-000000000.safetensors"));
  }

  /** For fit, a model's or a task's. @param onResume told where it goes on, where it does */
  option(onResume: (from: ResumedFrom) => void = () => {}): { checkpoint?: FitCheckpoint } {
    const store = this.#store;
    if (!store) return {};
    const write: CheckpointStore["write"] = async (bytes) => {
      if (!this.#isAsked && now() - this.#began < LONG_RUN) return;
      this.#unlock ??= await store.lock!();
      await store.write(bytes);
      if (this.#written++ > 0 || this.#isAsked) return;
      warn(
        `The state of this run is kept in ${this.#folder} every ${this.#every}; if it is stopped, the same command with --resume goes on.`,
      );
    };
    return {
      checkpoint: {
        store: ofRanks({ read: store.read, write, clear: store.clear }),
        every: this.#every,
        resume: this.#resume,
        onResume: (from) => {
          this.#tell(from);
          if (from) onResume(from);
        },
        onError: (error) => {
          if (this.#hasFailed) return;
          this.#hasFailed = true;
          const why = error instanceof Error ? error.message : String(error);
          warn(`A checkpoint could not be written, and the run goes on without it: ${why}`);
        },
      },
    };
  }

  #tell(from: ResumedFrom | null): void {
    const folder = this.#folder;
    if (this.#isJson) printJson({ event: "resume", folder, ...(from ?? { epoch: null }) });
    if (!from) {
      warn(`There is no checkpoint in ${folder}; the run begins anew.`);
      return;
    }
    for (const reason of from.damaged) warn(`A newer checkpoint in ${folder} is passed over: ${reason}`);
    const stage = from.stage === undefined ? "" : `${from.stage}, `;
    const line = `Going on from ${folder}: ${stage}epoch ${from.epoch + 1}, after ${from.batches} of its batches.`;
    if (!this.#isJson) print(line);
  }

  /** The command was interrupted. */
  interrupted(): void {
    if (this.#written > 0)
      warn(`The state of the run is in ${this.#folder}; the same command with --resume goes on.`);
  }

  /** The run is done, and there is nothing to go on with. */
  async done(): Promise<void> {
    if (this.#isAsked || this.#written > 0) await this.#store?.clear();
  }

  /** Leave the folder to others. */
  async close(): Promise<void> {
    await this.#unlock?.();
    this.#unlock = undefined;
  }
}

/** The flags of a queue, for commands that give it jobs. */
import type { Command } from "cac";
import { LstmkitError } from "../../errors.ts";
import type { Arguments } from "../arguments.ts";
import type { Executor } from "./executor.ts";
import type { DataFile } from "./jobs.ts";

export interface QueueFlags {
  readonly url: string;
  readonly name: string;
  readonly send: boolean;
}

export function declareQueueFlags(command: Command): Command {
  return command.option("--retries <n>", "Of a job that failed by what may not come again", { default: 3 });
}

export function readQueueFlags(_args: Arguments): QueueFlags | undefined {
  return undefined;
}

export function openQueueExecutor(
  _flags: QueueFlags,
  _of: { sweep: string; retries: number; data: readonly DataFile[]; note: (line: string) => void },
): Promise<Executor> {
  throw new LstmkitError("BAD_ARGUMENT", "no queue yet.");
}

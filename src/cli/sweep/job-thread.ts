/**
 * What runs in a thread of its own: commands, one after the other, as the command line would run them, their lines and
 * signals another's. A thread ends with its process, however that ends, so that a training run is never left behind.
 */
import { createReadStream } from "node:fs";
import { parentPort } from "node:worker_threads";
import type { Runtime } from "../../runtime.ts";
import { declarePredict, predict } from "../predict.ts";
import { type Surroundings, surroundBy } from "../surroundings.ts";
import { argumentsOf, TRAIN, taskOf } from "../train-commands.ts";
import { type Failure, failureOf } from "./jobs.ts";
import type { TaskName } from "./measures.ts";
import { type EpochRecord, epochOf, type TrainEvent } from "./measures.ts";

/** A command to run. */
export interface ThreadRun {
  readonly type: "run";
  /** Behind `lstmkit`. */
  readonly argv: readonly string[];
  /** Of `train`, whose events are read; null where its output is wanted. */
  readonly task: TaskName | null;
  /** Stop behind this epoch. */
  readonly pauseAt: number | null;
  /** Its standard input: bytes `from` to below `to` of a file. */
  readonly input: { readonly path: string; readonly from: number; readonly to: number } | null;
}

export interface ThreadStop {
  readonly type: "stop";
}

/** An epoch is done. */
export interface ThreadEpoch {
  readonly type: "epoch";
  readonly epoch: number;
  readonly epochs: number;
  readonly record: EpochRecord[string];
}

export interface ThreadEnd {
  readonly type: "end";
  /** The exit code, or what was thrown. */
  readonly code: number;
  readonly failure: Failure | null;
  /** Events other than epochs. */
  readonly events: readonly TrainEvent[];
  readonly output: Uint8Array | null;
}

/** Marks the threads that this program starts with itself. */
export const JOB_THREAD = "lstmkit jobs";

/** Run what comes, until the port is closed. */
export function serveJobs(): void {
  const port = parentPort!;
  let stop: AbortController | null = null;
  port.on("message", (message: ThreadRun | ThreadStop) => {
    if (message.type === "stop") stop?.abort();
    else {
      stop = new AbortController();
      void run(message, stop, (epoch) => port.postMessage(epoch)).then((end) => port.postMessage(end));
    }
  });
}

async function run(
  { argv, task, pauseAt, input }: ThreadRun,
  stop: AbortController,
  tell: (epoch: ThreadEpoch) => void,
): Promise<ThreadEnd> {
  const events: TrainEvent[] = [];
  const output: string[] = [];
  const runtimes: Runtime[] = [];
  const take = (event: TrainEvent) => {
    if (event.event !== "epoch") {
      events.push(event);
      return;
    }
    const { epoch, epochs } = event as unknown as { epoch: number; epochs: number };
    tell({ type: "epoch", epoch, epochs, record: epochOf(task!, event) });
    if (epoch === pauseAt) stop.abort();
  };
  const around: Surroundings = {
    out: (text) => {
      if (task === null) output.push(text);
      else
        for (const line of text.split("\n")) if (line.startsWith("{")) take(JSON.parse(line) as TrainEvent);
    },
    err: () => undefined, // what matters is in events, and warnings come again with each trial
    signal: stop.signal,
    opened: (runtime) => runtimes.push(runtime),
    ...(input && { input: createReadStream(input.path, { start: input.from, end: input.to - 1 }) }),
  };
  surroundBy(around);
  const end = { type: "end" as const, events };
  try {
    const code = await runCommand(argv);
    return { ...end, code, failure: null, output: task === null ? Buffer.from(output.join("")) : null };
  } catch (error) {
    return { ...end, code: 1, failure: failureOf(error), output: null };
  } finally {
    for (const runtime of runtimes) await runtime.close().catch(() => undefined);
  }
}

function runCommand([name, ...rest]: readonly string[]): Promise<number> {
  const command = name === "predict" ? { declare: declarePredict, run: predict } : (taskOf(rest) ?? TRAIN);
  return command.run(argumentsOf(command, rest));
}

import { Worker } from "node:worker_threads";
import type { Thread, ThreadInit } from "../runtime/platform.ts";

/** Start `script` as a thread of the team. Once it is ready it does not keep the process alive. */
export function startNodeThread(script: URL, init: ThreadInit): Promise<Thread> {
  return new Promise((resolve, reject) => {
    // Without the process's own flags: of --input-type or a loader the thread has no use.
    const worker = new Worker(script, { workerData: init, execArgv: [] });
    const exited = new Promise<void>((end) => {
      worker.once("exit", () => end());
    });
    const ended = () => {
      worker.ref();
      return exited;
    };
    worker.on("error", reject); // after "ready" this does nothing: the crew sees the failure in its words
    worker.once("message", () => {
      worker.unref();
      resolve({ ended, terminate: () => void worker.terminate() });
    });
  });
}

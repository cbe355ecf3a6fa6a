import { Worker } from "node:worker_threads";
import type { Thread, ThreadInit } from "../runtime/platform.ts";
import { nodeEndpoint } from "./endpoint-node.ts";
import { assignRole } from "./wire.ts";

/** Start `script`, the worker's, as a thread of the team. Once it is ready it does not keep the process alive. */
export async function startNodeThread(script: URL, init: ThreadInit): Promise<Thread> {
  // Without the process's own flags: of --input-type or a loader the thread has no use.
  const worker = new Worker(script, { execArgv: [] });
  const exited = new Promise<void>((end) => {
    worker.once("exit", () => end());
  });
  // After it is ready an error does nothing here: the crew sees the failure in its words.
  const failed = new Promise<never>((_, reject) => {
    worker.on("error", reject);
    worker.once("exit", (code) => reject(new Error(`it exited with code ${code}`)));
  });
  const endpoint = nodeEndpoint(worker);
  await Promise.race([assignRole(endpoint, { lstmkit: "thread", ...init }), failed]);
  worker.unref();
  const ended = () => {
    worker.ref();
    return exited;
  };
  return { ended, terminate: () => void worker.terminate() };
}

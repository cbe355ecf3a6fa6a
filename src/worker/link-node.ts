import { Worker } from "node:worker_threads";
import { nodeEndpoint } from "./endpoint-node.ts";
import type { WorkerLink } from "./link.ts";

/** A worker of node:worker_threads; or where its script is, or how to make it. */
export type NodeWorkerSource = Worker | URL | string | (() => Worker);

/** @throws what Node does for a path that cannot be one */
export function linkNodeWorker(source: NodeWorkerSource, onEnd: (reason: unknown) => void): WorkerLink {
  const worker = open(source);
  worker.on("error", onEnd);
  worker.on("messageerror", onEnd);
  worker.once("exit", (code) => onEnd(`it exited with code ${code}`));
  if (worker.threadId < 0) void Promise.resolve("it had ended before").then(onEnd);
  return {
    endpoint: nodeEndpoint(worker),
    hold: (alive) => (alive ? worker.ref() : worker.unref()),
    async terminate() {
      worker.ref();
      await worker.terminate();
    },
  };
}

function open(source: NodeWorkerSource): Worker {
  if (typeof source === "function") return source();
  if (typeof source !== "string" && !(source instanceof URL)) return source;
  const script = typeof source === "string" && source.startsWith("file:") ? new URL(source) : source;
  // Without the process's own flags: of --input-type or a loader the worker has no use.
  return new Worker(script, { execArgv: [] });
}

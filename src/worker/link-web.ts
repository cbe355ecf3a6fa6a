import type { HostUrl, HostWorker } from "../host-types.ts";
import type { WorkerLink } from "./link.ts";

/** A Web Worker; or where its script, a module, is, or how to make it. */
export type WebWorkerSource = HostWorker | HostUrl | string | (() => HostWorker);

/** @throws what the browser does for a script of another origin */
export function linkWebWorker(source: WebWorkerSource, onEnd: (reason: unknown) => void): WorkerLink {
  const worker = open(source);
  worker.addEventListener("error", (event) => {
    event.preventDefault(); // it is reported by the calls that reject
    onEnd(event.error ?? (event.message || "its script could not be loaded"));
  });
  worker.addEventListener("messageerror", () => onEnd("a message could not be read"));
  // A Web Worker that is terminated says nothing. If its owner does it, the owner's call tells;
  const terminate = worker.terminate.bind(worker);
  worker.terminate = () => {
    terminate();
    onEnd("it was terminated");
  };
  const link = { endpoint: worker, hold: () => {}, terminate: async () => terminate() };
  if (!globalThis.isSecureContext || !globalThis.navigator?.locks) return link;
  // if the browser does, or the worker itself, a lock that it held comes free, in Chromium up to 2 s later.
  const lock = `lstmkit ${crypto.randomUUID()}`;
  const watch = () => {
    navigator.locks.request(lock, () => onEnd("it has ended")).catch(() => {});
  };
  return { ...link, lock, watch };
}

function open(source: WebWorkerSource): Worker {
  if (typeof source === "function") return source();
  if (typeof source !== "string" && !(source instanceof URL)) return source;
  return new Worker(source, { type: "module" });
}
